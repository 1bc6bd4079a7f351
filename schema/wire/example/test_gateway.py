"""Runs gateway.py against a running cluster: python test_gateway.py ENDPOINT SITE MACHINE WAV...

Every WAV must be accepted, then be a duplicate; a file that is no audio must be refused by its number. Needs pyzmq, protobuf
and protoc. The clips are put into the queue of the cluster under the site given.
"""
import pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent


def push(folder, endpoint, site, machine, *paths):
    command = [sys.executable, HERE / "gateway.py", endpoint, site, machine, *paths]
    run = subprocess.run(command, env={"PYTHONPATH": folder}, capture_output=True, text=True, timeout=60)
    statuses = {}
    for line in run.stdout.splitlines():
        path = next(path for path in paths if line.startswith(path + " "))
        statuses[path] = line[len(path) + 1:].split()
    assert set(statuses) == set(paths), f"no word on some clips: {run.stdout}{run.stderr}"
    return run.returncode, statuses


def main(endpoint, site, machine, *wavs):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["protoc", f"--proto_path={HERE.parent}", f"--python_out={folder}", "auscult.proto"], check=True)
        code, first = push(folder, endpoint, site, machine, *wavs)
        assert code == 0, first
        assert all(status[0] in ("accepted", "duplicate") for status in first.values()), first
        code, second = push(folder, endpoint, site, machine, *wavs)
        assert code == 0, second
        assert all(status[0] == "duplicate" for status in second.values()), second
        assert {path: status[2] for path, status in first.items()} == {path: status[2] for path, status in second.items()}
        noise = str(pathlib.Path(folder) / "noise.wav")
        pathlib.Path(noise).write_bytes(b"this is a letter, not a recording")
        code, third = push(folder, endpoint, site, machine, noise, wavs[0])
        assert code == 1 and third[noise][:2] == ["rejected", "300"], third
        assert third[wavs[0]][0] == "duplicate", third
    print(f"{len(wavs)} clips accepted, then duplicates; what is no audio was refused")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""Jobs per second through ready-made queues: the peers of `auscult-bench queue`.

    Sources/bench/peers/queues-setup FOLDER; FOLDER/bin/python Sources/bench/peers/queues.py --jobs 5000

Each job carries a payload and does nothing; a peer is done when the results of all jobs are back with the one who asked,
or stored. One producer and two worker processes, where ours has one native worker that does nothing. Redis keeps what it
is told in memory unless --durable has it sync every write to disk; ours always does. Prints one line of JSON per peer and
payload.
"""
import argparse, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, time

HERE = str(pathlib.Path(__file__).resolve().parent)
PORT = int(os.environ.get("QUEUES_REDIS_PORT", "0"))
URL = f"redis://127.0.0.1:{PORT}"


def noop(payload):
    return len(payload)


# ---------------------------------------------------------------- what the workers import

if PORT:
    import celery, dramatiq, redis
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    app = celery.Celery("queues", broker=f"{URL}/0", backend=f"{URL}/1")
    app.conf.update(task_serializer="pickle", result_serializer="pickle", accept_content=["pickle"],
                    worker_prefetch_multiplier=64, broker_connection_retry_on_startup=True)
    celery_noop = app.task(name="queues.noop")(noop)
    broker = RedisBroker(url=f"{URL}/2")
    backend = RedisBackend(url=f"{URL}/3")
    broker.add_middleware(Results(backend=backend))
    dramatiq.set_encoder(dramatiq.PickleEncoder())
    dramatiq.set_broker(broker)
    dramatiq_noop = dramatiq.actor(noop, store_results=True, max_retries=0)


# ---------------------------------------------------------------- the peers

def run_celery(jobs, payload):
    with worker([sys.executable, "-m", "celery", "-A", "queues", "worker", "-c", "2", "-l", "ERROR", "--without-gossip",
                 "--without-mingle", "--without-heartbeat"]):
        celery_noop.delay(payload).get(timeout=60)
        begin = time.perf_counter()
        results = [celery_noop.delay(payload) for _ in range(jobs)]
        for result in results:
            result.get(timeout=600)
        return time.perf_counter() - begin


def run_dramatiq(jobs, payload):
    with worker([sys.executable, "-m", "dramatiq", "queues", "--processes", "2", "--threads", "1"]):
        dramatiq_noop.send(payload).get_result(backend=backend, block=True, timeout=60_000)
        begin = time.perf_counter()
        messages = [dramatiq_noop.send(payload) for _ in range(jobs)]
        for message in messages:
            message.get_result(backend=backend, block=True, timeout=600_000)
        return time.perf_counter() - begin


def run_rq(jobs, payload):
    import rq
    queue = rq.Queue(connection=redis.Redis(port=PORT, db=4))
    command = [sys.executable, "-m", "rq.cli", "worker", "--worker-class", "rq.SimpleWorker", "--url", f"{URL}/4",
               "--logging_level", "ERROR"]
    with worker(command), worker(command):
        first = queue.enqueue("queues.noop", payload)
        while first.get_status(refresh=True) != "finished":
            time.sleep(0.01)
        begin = time.perf_counter()
        for _ in range(jobs):
            queue.enqueue("queues.noop", payload)
        finished = rq.registry.FinishedJobRegistry(queue=queue)
        while finished.count < jobs + 1:
            time.sleep(0.005)
        return time.perf_counter() - begin


def run_dask(jobs, payload):
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.submit(noop, payload, pure=False).result()
        begin = time.perf_counter()
        client.gather([client.submit(noop, payload, pure=False) for _ in range(jobs)])
        return time.perf_counter() - begin


PEERS = {"celery": run_celery, "dramatiq": run_dramatiq, "rq": run_rq, "dask": run_dask}


# ---------------------------------------------------------------- scenery

class worker:
    """A worker process that ends with its block."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | {"PYTHONPATH": HERE, "C_FORCE_ROOT": "1"})

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=5_000)
    options.add_argument("--payloads", default="64,320000")
    options.add_argument("--peers", default=",".join(PEERS))
    options.add_argument("--durable", action="store_true")
    options = options.parse_args()
    if not PORT:
        # Once more, with the port of a Redis of our own where the workers find it.
        folder, port = tempfile.mkdtemp(prefix="queues-"), free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        if options.durable:
            command += ["--appendonly", "yes", "--appendfsync", "always"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            environment = os.environ | {"QUEUES_REDIS_PORT": str(port), "PYTHONPATH": HERE}
            sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment).returncode)
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)
    for name in options.peers.split(","):
        for size in map(int, options.payloads.split(",")):
            jobs = options.jobs if size < 100_000 else max(options.jobs // 5, 100)
            redis.Redis(port=PORT).flushall()
            try:
                seconds = PEERS[name](jobs, bytes(size))
                print(json.dumps({"peer": name, "durable": options.durable and name != "dask", "payloadBytes": size,
                                  "jobs": jobs, "jobsPerSecond": round(jobs / seconds, 1)}), flush=True)
            except Exception as error:
                print(json.dumps({"peer": name, "payloadBytes": size, "error": repr(error)[:200]}), flush=True)


if __name__ == "__main__":
    main()

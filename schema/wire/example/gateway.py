"""A complete Auscult gateway: pushes audio files and prints what became of each. PROTOCOL.md is all it knows.

    apt-get install python3-zmq python3-protobuf protobuf-compiler
    protoc --proto_path=.. --python_out=. auscult.proto
    python3 gateway.py tcp://127.0.0.1:5750 SITE fan/id_00 FILE...

Where the broker has keys, AUSCULT_KEYS names the file that `auscult keys new` made.
"""
import hashlib, json, os, struct, sys, time, uuid
import zmq
import auscult_pb2 as wire

HEADER, PART = struct.Struct("<4sBBHII"), 1 << 20
HELLO, WELCOME, HEARTBEAT, SUBMIT, ACCEPTED, BUSY, REJECT = 1, 2, 3, 16, 17, 18, 19
SAY_HELLO, TRY_LATER, LANES = {120, 129}, {126, 200, 205, 206}, (wire.LANE_CONTROL, wire.LANE_DATA)
endpoint, site, machine, *paths = sys.argv[1:] if len(sys.argv) > 4 else sys.exit(__doc__)
keys = json.load(open(os.environ["AUSCULT_KEYS"])) if "AUSCULT_KEYS" in os.environ else None
context, session, lanes, failed = zmq.Context(), uuid.uuid4().hex, {}, False
clips = {
    f"{machine}:0:{os.stat(path).st_mtime_ns // 1000}:{hashlib.sha256(open(path, 'rb').read()).hexdigest()}": path
    for path in paths}


def connect():
    for lane in LANES:
        if lane in lanes:
            lanes[lane].close()
        lanes[lane] = context.socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.CONNECT_TIMEOUT, 2000), (zmq.LINGER, 0)):
            lanes[lane].setsockopt(option, value)
        if keys:
            lanes[lane].curve_serverkey = keys["brokerKey"].encode()
            lanes[lane].curve_publickey, lanes[lane].curve_secretkey = keys["publicKey"].encode(), keys["secretKey"].encode()
        lanes[lane].connect(endpoint)
    greet()


def greet():
    global welcomes, unanswered, heard, beat, pause, period
    welcomes, unanswered, heard, beat, pause, period = set(), {}, time.monotonic(), 0, 0, 1


def say(lane, command, body, *payload):
    try:
        lanes[lane].send_multipart(
            [HEADER.pack(b"AUSC", 1, 0, command, 0, 0), body.SerializeToString(), *payload], zmq.DONTWAIT)
    except zmq.Again:
        pass  # No connection yet: HELLO and HEARTBEAT are repeated anyway, clips after the next WELCOME.


def send_clips():
    for key, path in clips.items():
        length, used = os.path.getsize(path), sum(unanswered.values())
        if key not in unanswered and (used == 0 or used + length <= credit):
            unanswered[key], content = length, open(path, "rb").read()
            say(wire.LANE_DATA, SUBMIT, wire.Submit(
                key=key, site=site, machine=wire.Machine(type=machine.split("/")[0], id=machine.split("/")[1]),
                recorded_at=os.stat(path).st_mtime_ns // 1000, sha256=hashlib.sha256(content).digest(), length=length,
                format=wire.PAYLOAD_FORMAT_AUDIO, name=os.path.basename(path),
            ), *(content[start:start + PART] for start in range(0, length, PART)))


def settle(key, status):
    unanswered.pop(key, None)
    if key in clips:
        print(clips.pop(key), status, flush=True)


def hear(lane, header, body):
    global heard, credit, period, pause, failed
    heard, command = time.monotonic(), HEADER.unpack(header)[3]
    if command == WELCOME:
        welcomes.add(lane)
        limits = wire.Welcome.FromString(body).limits
        credit, period = limits.credit_bytes, limits.heartbeat_milliseconds / 1000
    elif command == ACCEPTED:
        answer = wire.Accepted.FromString(body)
        settle(answer.key, f"{'duplicate' if answer.duplicate else 'accepted'} job {answer.job}")
    elif command == BUSY:
        answer = wire.Busy.FromString(body)
        unanswered.pop(answer.key, None)
        pause = heard + answer.retry_after_milliseconds / 1000
    elif command == REJECT:
        answer = wire.Reject.FromString(body)
        if answer.code in SAY_HELLO:
            greet()
        elif answer.code in TRY_LATER:
            unanswered.pop(answer.key, None)
            pause = heard + 1
        elif answer.key:
            failed = True
            settle(answer.key, f"rejected {answer.code} {answer.reason}")
        else:
            sys.exit(f"{answer.reason} [{answer.code}]")


connect()
while clips:
    if time.monotonic() > heard + 3 * period:
        connect()  # Silence: the broker is gone; begin anew.
    if time.monotonic() >= beat:
        beat = time.monotonic() + period
        for lane in set(LANES) - welcomes:
            say(lane, HELLO, wire.Hello(role=wire.ROLE_GATEWAY, lane=lane, peer="example", session=session))
        if len(welcomes) == 2:
            say(wire.LANE_CONTROL, HEARTBEAT, wire.Heartbeat())
    if len(welcomes) == 2 and time.monotonic() >= pause:
        send_clips()
    for lane, socket in list(lanes.items()):
        while socket.poll(10):
            hear(lane, *socket.recv_multipart()[:2])
sys.exit(1 if failed else 0)

"""Messages per second over loopback with pyzmq: the peer of `auscult-bench messages`.

    Sources/bench/peers/queues-setup FOLDER; auscult-bench messages --peers FOLDER
"""
import json, struct, sys, threading, time
import zmq

HEADER = struct.Struct("<4sBBHII")


def send(context, endpoint, size, count):
    dealer = context.socket(zmq.DEALER)
    dealer.connect(endpoint)
    content = bytes([0x5A]) * size
    for number in range(count):
        dealer.send_multipart([HEADER.pack(b"AUSC", 1, 0, 16, 0, number), content], copy=size < 65536)
    dealer.recv()
    dealer.close()


def measure(size, count):
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    sender = threading.Thread(target=send, args=(context, f"tcp://127.0.0.1:{port}", size, count))
    sender.start()
    for number in range(count):
        route, header, content = router.recv_multipart(copy=True) if size < 65536 else router.recv_multipart(copy=False)
        HEADER.unpack(header if size < 65536 else header.bytes)
        if number == 0:
            start = time.perf_counter()
    rate = (count - 1) / (time.perf_counter() - start)
    router.send_multipart([route, b"\1"])
    sender.join()
    router.close()
    context.term()
    return rate


# One turn per line: the size of a message; answered by a line of JSON.
for line in sys.stdin:
    size = int(line)
    count = max(2000, int(measure(size, 2000)))
    print(json.dumps({"perSecond": measure(size, count)}), flush=True)

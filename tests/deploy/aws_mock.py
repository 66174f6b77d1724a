"""A mock of AWS's services on a free port of this machine: prints its address, serves until it is killed.
Runs on the interpreter of checkers.python_programs()."""

import time

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
while True:
    time.sleep(3600)

"""Prints a file byte for byte, as a function of any runtime might."""

import os
import sys


def handler(event, context):
    with open(os.environ["PRINT_FILE"], "rb") as file:
        sys.stdout.buffer.write(file.read())
    sys.stdout.buffer.flush()

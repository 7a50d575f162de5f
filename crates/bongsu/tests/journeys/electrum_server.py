"""Starts ElectrumX for a test, from the settings in its environment; it looks for blocks more often than its five seconds."""

import runpy
import sys

from electrumx.server.block_processor import Prefetcher

made = Prefetcher.__init__


def hastened(self, *args, **named):
    made(self, *args, **named)
    self.polling_delay = 0.2


Prefetcher.__init__ = hastened
program = sys.argv[1]
sys.argv = [program]
runpy.run_path(program, run_name="__main__")

"""A stand-in for OpenRouter: real HTTP on loopback, with the habits of the real wire.

The tests, the demo and the benchmarks talk to this one. `exchanges` says what is answered, `server` puts it on the
wire, `recordings` replays real exchanges byte for byte.
"""

from .exchanges import EXCHANGES, Exchange
from .server import Received, Simulator

__all__ = ["EXCHANGES", "Exchange", "Received", "Simulator"]

"""A stand-in for OpenRouter: real HTTP on loopback, with the habits of the real wire.

The tests, the demo and the benchmarks talk to this one. `exchanges` says what is answered; `chat`, `responses` and
`results` put it into the words of each endpoint; `server` sends it; `recordings` replays real exchanges byte for byte.
"""

from .canned_replies import CANNED_REPLIES
from .canned_reply import CannedReply, Reply
from .chat import Chat
from .responses import Responses
from .server import Received, Simulator

__all__ = ["CANNED_REPLIES", "Chat", "CannedReply", "Received", "Reply", "Responses", "Simulator"]

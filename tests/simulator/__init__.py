"""A simulated OpenRouter: a real HTTP server on loopback that sends what the real API sends.

The tests, the demo and the benchmarks call it. `canned_replies` lists the replies; `chat`, `messages`, `responses` and
`results` render a reply in the format of each endpoint; `server` sends it; `recordings` replays real exchanges byte for
byte.
"""

from .canned_replies import CANNED_REPLIES
from .canned_reply import CannedReply, Reply
from .chat import Chat
from .responses import Responses
from .server import Received, Simulator

__all__ = ["CANNED_REPLIES", "CannedReply", "Chat", "Received", "Reply", "Responses", "Simulator"]

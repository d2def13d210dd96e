"""Which pictures a network was trained or chosen on, as far as its checkpoint tells."""

from explorer.core.network.opening import Network

DIGITS = 12
"""As many digits of each picture's digest a checkpoint keeps."""


def trained_on(network: Network) -> frozenset[str]:
    """The first `DIGITS` hexadecimal digits of the SHA-256 of their files; none where the checkpoint tells nothing."""
    seen = network.training.get("seen") if isinstance(network.training, dict) else None
    return frozenset(str(digest)[:DIGITS] for digest in seen) if isinstance(seen, list | tuple) else frozenset()

"""The infrastructure: what its checks see, and what it promises."""

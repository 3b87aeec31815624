"""The connector: its definition, its checks, and what it promises to makers."""

"""qunzhu: a self-hosted group messaging server that speaks the public interfaces of Tencent Cloud IM."""

__version__ = "0.1.0"

"""``libImSDK.so``: the C interface, function by function, over ``qunzhu.tim``.

``functions`` and ``callbacks`` are tables of what the interface looks like, ``build`` makes the library out of them and
``start`` is where a loaded library begins. ``bridge`` turns each call into one of the Python SDK.
"""

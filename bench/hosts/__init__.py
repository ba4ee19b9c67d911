"""Programs that drive the SDK interface the same way from three languages, for ``python -m bench capi``.

Each is started as ``host USER USERSIG`` with ``QUNZHU_SERVER`` set, in a folder where ``libImSDK.so`` lies where it
looks for it. It loads the interface, logs in, and writes the nanoseconds that that took. Then it reads numbers:
for each it makes so many groups, one after the other, and writes the nanoseconds of each as one line of JSON.
"""

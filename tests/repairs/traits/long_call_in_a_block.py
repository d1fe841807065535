from threading import Thread

from orders.models import Order


def sync(name, note="", place=""):
    Order.objects.create(name=f"{name} {note} {place}")


def start(now=True):
    sync("direct")
    if now:
        for name in ("a", "b"):
            thread = Thread(target=sync, args=(name,), kwargs={"note": "of some words", "place": "here"})  # DJT001
            thread.start()  # the first
    late = Thread(  # DJT001
        target=sync, args=("c",), kwargs={"note": "of more words still"}
    )
    late.start()

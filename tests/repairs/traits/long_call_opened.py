from concurrent.futures import ThreadPoolExecutor

from orders.models import Order


def sync(name, place, note):
    Order.objects.create(name=f"{name} at {place}, {note}")


def start():
    sync("direct", "home", "now and as long as it takes to get from the one to the other")
    with ThreadPoolExecutor() as pool:
        pool.submit(  # DJT101
            sync, "made up by the way", "the other side of the road", "later than that"
        )

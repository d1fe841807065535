from concurrent.futures import ThreadPoolExecutor

from orders.models import Order
from shop.names import NAMES


def ship(name):
    return Order.objects.create(name=f"shipped {name}").name


def start():
    ship("z")
    with ThreadPoolExecutor() as pool:
        return sorted(pool.map(ship, NAMES))  # DJT101

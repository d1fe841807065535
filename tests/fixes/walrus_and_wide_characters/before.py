from threading import Thread

from orders.models import Order


def start(größe):
    print("größe", Thread(target=(f := größe.push)).start(), f)  # DJT001 boundary

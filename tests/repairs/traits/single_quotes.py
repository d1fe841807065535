from threading import Thread

from orders.models import Order


def sync(name):
    '''Create.'''
    Order.objects.create(name=name, note='x')


def start():
    Thread(target=sync, args=('a',)).start()  # DJT001

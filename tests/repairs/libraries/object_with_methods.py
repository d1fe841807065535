from zeroconf import Zeroconf

from orders.models import Order


class Listener:
    def add_service(self, zeroconf, kind, name):
        Order.objects.create(name=name)

    def update_service(self, zeroconf, kind, name):
        self.add_service(zeroconf, kind, name)


def start():
    listener = Listener()
    # left: a new finding would come: DJT002 in line 21
    Zeroconf().add_service_listener("_http._tcp.local.", listener)  # DJT001

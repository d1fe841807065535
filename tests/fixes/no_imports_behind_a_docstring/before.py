"""Jobs."""
class Jobs:
    def sync(self, Order):
        Order.objects.get(pk=1).push()

    def start(self, Thread, Order):
        Thread(target=self.sync, args=(Order,)).start()  # DJT001 in-place Jobs.sync

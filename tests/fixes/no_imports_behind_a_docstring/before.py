"""Jobs."""
class Jobs:
    def sync(self, Order):
        Order.objects.get(pk=1).push()

    def start(self, Thread):
        Thread(target=self.sync).start()  # DJT001 in-place Jobs.sync

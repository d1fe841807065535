from threading import Thread

from django.db import transaction


def run_in_background(function, *args):
    def work():
        with transaction.atomic():
            function(*args)

    Thread(target=work, daemon=True).start()  # DJT001

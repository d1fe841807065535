from threading import Thread


def run_in_background(function, *args):
    Thread(target=function, args=args, daemon=True).start()

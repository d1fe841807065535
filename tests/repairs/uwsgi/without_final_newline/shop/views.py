from threading import Thread


def refresh(request):
    Thread(target=print).start()  # DJT901

from concurrent.futures import ThreadPoolExecutor

from orders.service import service

with ThreadPoolExecutor() as pool:
    for row in [1, 2]:
        pool.submit(service.push, row)  # DJT101 boundary

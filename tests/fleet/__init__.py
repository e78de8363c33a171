"""A fleet under load: many processes through Collectors to Jaeger and Prometheus, while servers and processes fail.

`run` is the command, `worker` the program of each process, `ledger` what a worker records, `servers` the servers,
`drive` the faults, `claims` what must hold afterwards, `report` the figures of docs/fleet.md.
"""

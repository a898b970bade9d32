"""A local ClickHouse HTTP endpoint over the in-process engine, for development, demo and tests.

    serve, __main__   the process: options, lock, signals
    app               HTTP: routes, authentication, response
    request, body     what was asked: parameters, bodies decoded and spooled
    statement         where a query ends, its data begins and its FORMAT stands
    execution         one request on one engine connection
    sessions          connections that outlive a request (`session_id`)
    engine            chdb itself: directory, configuration, connections
    errors            codes, texts and HTTP statuses as ClickHouse gives them

Imports nothing of ours.
"""

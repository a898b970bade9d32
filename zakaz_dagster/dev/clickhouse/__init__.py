"""A local ClickHouse HTTP endpoint over the in-process engine, for development, demo and tests.

serve, __main__   the process: options, lock, password, signals
app, protocol     HTTP: routes, authentication, response, time limits
request, body     what was asked: parameters, bodies decoded and spooled
form              the same out of multipart/form-data
statement         where a query ends, its data begins and its FORMAT stands
access, landlock  what SQL may reach: the engine's rights, the kernel's fence
execution         one request on one engine connection
trailing_data     data behind the end of an INSERT
sessions          connections that outlive a request (`session_id`)
engine, config    chdb itself: directory, configuration, connections
errors            codes, texts and HTTP statuses as ClickHouse gives them
"""

import os

STARTED_BY = os.getppid()  # asked before the imports, which take longer than some parents live

"""How fast the product answers, as ratios to what the machine allows in the same run.

``python -m benchmarks`` starts its own PostgreSQL and web server in a temporary folder, calls them
over loopback for some seconds, and prints requests per second, p50 and p99, CPU per request, and
the ratios to two limits: a bare ``SELECT 1`` endpoint of the same server, and pgbench doing the
same rows on the same PostgreSQL.
"""

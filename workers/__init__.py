"""The background side: what happens after an event, and by the clock.

PostgreSQL is the queue of record. A relay turns events into jobs, one per reaction, in one
transaction, and offers the jobs that are due to RQ. RQ only carries ids to a worker, which claims
the job, does it and marks it done in the transaction of its effects. Whatever RQ or Valkey lose is
offered again.

subscriptions  which reactions follow an event, and the tasks that services enqueue
schedule       what happens by the clock
registry       name -> work; the allow-list
relay          events -> jobs; jobs that are due -> the carrier
runner         one job: claim, do, mark done
carrier        RQ with JSON, an allow-list and nothing imported by name
inline         everything that is due, at once and in this process
main           the programs: worker, scheduler, drain

Nothing here holds business logic.
"""

"""Killed workers, killed children, an emptied carrier: nothing is lost and nothing done twice."""

import pytest

from tests.kill.conftest import Stage, alive, kill


@pytest.mark.parametrize(("place", "queue"), [("noting", "default"), ("tolling", "calls")])
def test_the_child_is_killed_in_the_middle_of_a_job(running: Stage, place: str, queue: str) -> None:
    bells = running.ring(slow=True)
    kill(running.reached(f"{place}-{bells[0]}"))
    running.let_go()
    running.wait_for_done(2)
    running.check_once(bells)
    assert alive(running.program(f"worker-{queue}").pid)


@pytest.mark.parametrize(("place", "queue"), [("noting", "default"), ("tolling", "calls")])
def test_the_worker_is_killed_and_its_child_ends_with_it(
    running: Stage, place: str, queue: str
) -> None:
    bells = running.ring(slow=True)
    child = running.reached(f"{place}-{bells[0]}")
    kill(running.program(f"worker-{queue}").pid)
    running.wait(lambda: not alive(child), "the child outlived its worker")
    running.let_go()
    running.start("worker", "--queue", queue)
    running.wait_for_done(2)
    running.check_once(bells)


@pytest.mark.parametrize(("place", "queue"), [("noting", "default"), ("tolling", "calls")])
def test_a_child_that_outlives_its_worker_comes_too_late(
    stage: Stage, place: str, queue: str
) -> None:
    """Where the kernel does not end children, and this one could not renew its lease.

    One in the middle of a transaction holds the job's row until the server ends what is idle.
    """
    stage.start("scheduler")
    for name in ("default", "calls"):
        stage.start("worker", "--queue", name, SURVIVE="1")
    bells = stage.ring(slow=True)
    child = stage.reached(f"{place}-{bells[0]}")
    kill(stage.program(f"worker-{queue}").pid)
    stage.start("worker", "--queue", queue)
    stage.wait(lambda: stage.jobs()["done"] == 1, "nobody took the job over")
    assert alive(child)
    stage.let_go()
    stage.wait(lambda: not alive(child), "the late child does not end")
    stage.wait_for_done(2)
    stage.check_once(bells)


def test_the_carrier_is_emptied_while_jobs_wait(stage: Stage) -> None:
    scheduler = stage.start("scheduler")
    bells = stage.ring(100)
    stage.wait(lambda: stage.redis().llen("rq:queue:default") > 0, "nothing was offered")
    stage.redis().flushall()
    for queue in ("default", "calls"):
        stage.start("worker", "--queue", queue)
    stage.wait_for_done(200)
    stage.check_once(bells)
    assert alive(scheduler.pid)


def test_the_carrier_is_emptied_again_and_again_while_jobs_run(running: Stage) -> None:
    bells = []
    for _round in range(4):
        bells += running.ring(20)
        running.redis().flushall()
        running.wait(lambda: running.jobs()["done"] > 0, "no job was done")
    running.wait_for_done(2 * len(bells))
    running.check_once(bells)


def test_the_carrier_is_killed_and_comes_back_empty(running: Stage) -> None:
    """Workers may leave when it goes; whoever looks after them starts them again."""
    before = running.ring(20)
    assert running.valkey.server is not None
    kill(running.valkey.server.pid)
    during = running.ring(20)
    running.valkey.stop()
    for file in (running.folder / "valkey" / "appendonlydir").iterdir():
        file.unlink()
    running.valkey.start()
    after = running.ring(20)
    running.wait(
        lambda: running.look_after_programs() or running.jobs() == {"done": 120},
        "the jobs did not get done",
    )
    running.check_once([*before, *during, *after])


def test_the_scheduler_is_killed_while_it_relays(running: Stage) -> None:
    scheduler = running.program("scheduler")
    bells = running.ring(100)
    running.wait(lambda: running.jobs().total() > 0, "nothing was relayed")
    kill(scheduler.pid)
    scheduler.stop()
    scheduler.start()
    running.wait_for_done(200)
    running.check_once(bells)


def test_workers_are_killed_one_after_the_other_under_load(running: Stage) -> None:
    bells = running.ring(60)
    for _round in range(2):
        for program in (running.program("worker-default"), running.program("worker-calls")):
            running.wait(lambda program=program: program.running, "a worker did not start")
            kill(program.pid)
            program.stop()
            program.start()
    running.wait_for_done(120)
    running.check_once(bells)

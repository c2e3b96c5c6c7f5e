"""Every command finds the embedded servers or starts them; no kill -9 loses data or leaves a process behind."""

import os
import shutil
import signal
import uuid
from pathlib import Path

import pytest

from config.embedded.home import Home
from config.processes import runs
from tests.config.conftest import Holder, Site, eventually, is_gone

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another account")


def remember(holder: Holder) -> str:
    """A word in a row that is committed, and under a key that is on disk."""
    word = uuid.uuid4().hex
    holder.sql("CREATE TABLE IF NOT EXISTS kept (word text)")
    holder.sql(f"INSERT INTO kept VALUES ('{word}')")
    with holder.valkey() as client:
        client.set(word, "kept")
        client.execute_command("WAITAOF", 1, 0, 5000)
    return word


def assert_remembers(holder: Holder, word: str) -> None:
    assert holder.sql(f"SELECT count(*) FROM kept WHERE word = '{word}'") == [(1,)]
    with holder.valkey() as client:
        assert client.get(word) == b"kept"


def is_removed(path: Path) -> bool:
    """What runs there still writes, so one pass may not be enough."""
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()


def test_the_product_connects_as_an_ordinary_role_to_a_durable_postgresql_18(running_site: Site) -> None:
    holder = running_site.hold().ready()

    assert holder.sql(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ) == [(False, False, False, True)]
    assert holder.sql(
        "SELECT name, setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'jit', 'plan_cache_mode', "
        "'random_page_cost', 'server_encoding', 'synchronous_commit') ORDER BY name"
    ) == [
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("jit", "off"),
        ("plan_cache_mode", "force_generic_plan"),
        ("random_page_cost", "1.1"),
        ("server_encoding", "UTF8"),
        ("synchronous_commit", "on"),
    ]
    assert holder.sql("SELECT current_setting('server_version_num')::int / 10000") == [(18,)]
    for secret in [*running_site.path.glob("*/*.password"), *running_site.path.glob("*/address")]:
        assert secret.stat().st_mode & 0o077 == 0, secret
    assert len(list(running_site.path.glob("*/*.password"))) == 3


def test_two_commands_at_once_share_one_server_until_the_last_one_leaves(site: Site) -> None:
    first, second = site.hold(), site.hold()
    first.ready()
    second.ready()
    pids = site.pids()
    assert (first.database, first.redis) == (second.database, second.redis)

    first.leave()
    word = remember(second)
    third = site.hold().ready()
    assert site.pids() == pids
    assert_remembers(third, word)

    third.process.kill()  # counts as having left
    second.leave()
    eventually(lambda: all(is_gone(pid) for pid in pids))
    assert not list(site.path.glob("*/address"))
    assert not Home.runtime_of(site.path / "postgres").exists()

    assert_remembers(site.hold().ready(), word)


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_is_started_again_at_its_address(running_site: Site, server: str) -> None:
    holder = running_site.hold().ready()
    word = remember(holder)
    victim = running_site.server(server)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: is_gone(victim))
    eventually(holder.serves)
    assert_remembers(holder, word)
    assert running_site.hold().ready().database == holder.database


def test_killed_supervisors_take_their_servers_along_and_the_next_command_starts_new_ones(running_site: Site) -> None:
    holder = running_site.hold().ready()
    word = remember(holder)
    before = running_site.pids()
    for server in ("postgres", "valkey"):
        os.kill(running_site.supervisor(server), signal.SIGKILL)

    following = running_site.hold().ready()
    assert (following.database, following.redis) == (holder.database, holder.redis)
    assert_remembers(following, word)
    eventually(lambda: all(is_gone(pid) for pid in before))
    assert not before & running_site.pids()


def test_everything_killed_at_once_comes_back_with_its_data(running_site: Site) -> None:
    holder = running_site.hold().ready()
    word = remember(holder)
    for pid in [*running_site.pids(), holder.process.pid]:
        os.kill(pid, signal.SIGKILL)
    assert_remembers(running_site.hold().ready(), word)


def test_a_lock_file_whose_number_went_to_a_stranger_stops_nobody(site: Site) -> None:
    holder = site.hold().ready()
    word = remember(holder)
    pids = site.pids()
    lock_file = site.files("postgres") / "postmaster.pid"
    content = lock_file.read_text()
    holder.leave()
    eventually(lambda: all(is_gone(pid) for pid in pids))

    # As after a power cut: the file is back, and its number is now somebody else's.
    lock_file.write_text(content.replace(content.split("\n")[0], str(os.getpid()), 1))
    (site.files("valkey") / "valkey.pid").write_text(str(os.getpid()))
    assert_remembers(site.hold().ready(), word)


def test_an_initialisation_that_was_cut_off_is_done_again(site: Site) -> None:
    draft = site.path / "postgres" / "draft" / "cluster"
    draft.mkdir(parents=True)
    (site.path / "postgres").chmod(0o711)
    (draft / "PG_VERSION").write_text("18\n")
    assert site.hold().ready().serves()


def test_only_what_the_environment_does_not_name_is_started(site: Site) -> None:
    holder = site.hold(DATABASE_URL="postgres://elsewhere/accrue").ready()
    assert holder.database == "postgres://elsewhere/accrue"
    assert holder.redis.startswith("redis://:")
    assert not (site.path / "postgres").exists()


def test_a_removed_data_directory_ends_what_ran_there_and_can_be_made_again(site: Site) -> None:
    site.hold().ready()
    before = site.pids()
    for server in ("postgres", "valkey"):
        eventually(lambda path=site.path / server: is_removed(path))
    again = site.hold().ready()
    eventually(lambda: all(is_gone(pid) for pid in before))
    remember(again)
    assert again.serves()


@ROOT_ONLY
def test_roots_servers_run_as_another_account(running_site: Site) -> None:
    running_site.hold().ready()
    for server in ("postgres", "valkey"):
        assert Path(f"/proc/{running_site.server(server)}").stat().st_uid != 0


@ROOT_ONLY
def test_what_that_account_cannot_reach_is_kept_elsewhere_and_found_again(hidden_site: Site) -> None:
    holder = hidden_site.hold().ready()
    word = remember(holder)
    elsewhere = Path((hidden_site.path / "away").read_text())
    assert elsewhere.is_relative_to("/var/tmp")
    pids = hidden_site.pids()
    holder.leave()
    eventually(lambda: all(is_gone(pid) for pid in pids))

    assert_remembers(hidden_site.hold().ready(), word)
    assert Path((hidden_site.path / "away").read_text()) == elsewhere


def test_a_pid_alone_proves_nothing() -> None:
    working = Path("/proc/self/cwd").resolve()
    program = Path("/proc/self/exe").resolve().name
    assert runs(os.getpid(), program=program, directory=working)
    assert not runs(os.getpid(), program="postgres", directory=working)
    assert not runs(os.getpid(), program=program, directory=working / "elsewhere")

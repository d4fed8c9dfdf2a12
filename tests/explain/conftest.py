"""Fixtures of tests/explain: a server that plays services, and ghost explain on a small session."""
import fake_llm
import pytest
from explain_support import Explain


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return {name: fake_llm.certificate(folder, name) for name in ("localhost", "elsewhere.example")}


@pytest.fixture
def server():
    server = fake_llm.Server()
    yield server
    server.close()


@pytest.fixture
def explain(tmp_path, server):
    return Explain(tmp_path, server)

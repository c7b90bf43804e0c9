"""The demonstration where a real Keycloak stands for Pro Santé Connect, as the command starts and stops it."""

from urllib.parse import urlsplit

import httpx2
import pytest
from demo_kit.served import ROOT, command

from isoloir import poll_book, roll
from isoloir.instance import Instance
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.keycloak import log_in
from isoloir_web.trial.voting import Plan, Tally, Voter

HOME = ROOT / ".cache" / "keycloak"


@pytest.mark.slow
async def test_a_voter_logs_in_at_the_keycloak_of_the_demonstration(tmp_path):
    """What the command and the page tell logs in at Keycloak's own pages; one votes; both servers stop together."""
    asked = []

    async def at_keycloak(client, url, identity):
        asked.append((urlsplit(url), identity))
        return await log_in(client, url, identity)

    with command(tmp_path / "demo", "--identity", "keycloak", "--keycloak", HOME) as served:
        assert "user name 899700000017, password carte-et-code" in served.said
        assert "simulated" not in served.said
        async with Instance.open(served.folder) as instance, Browser(served.address) as browser:
            election = instance.election("medecins-2024")
            found = await roll.entries(instance.store, election.id)
            alix = next(one for one in found if one.fields["rpps"] == "99700000017")
            told = (await browser.http.get(f"/demo/people/{election.id}/{alix.id}?lang=en")).text
            assert "<code>899700000017</code>" in told
            assert "<code>carte-et-code</code>" in told
            assert "simulated" not in told
            voter = Voter(election, Plan(alix, "psc", {"cspm-ph": "avenir"}), browser, None, Tally(), at_keycloak)
            assert await voter.log_in()
            assert await voter.vote()
            assert list(await poll_book.marked(instance.store, election, alix.id)) == ["cspm-ph"]
        ((url, identity),) = asked
        assert identity == "899700000017"
        assert url.path.startswith("/realms/esante-wallet/")
        assert url.netloc != urlsplit(served.address).netloc
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://{url.netloc}/realms/esante-wallet")).status_code == 200
    async with httpx2.AsyncClient(trust_env=False) as client:
        for stopped in (f"http://{url.netloc}", served.address):
            with pytest.raises(httpx2.ConnectError):
                await client.get(stopped)

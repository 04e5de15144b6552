"""What the papers claim: each is measured by what its words are about."""

from __future__ import annotations

import pytest

from ftbench.suites.claims import CLAIMS, DROP, SCORE, SPREAD, PrintedClaim


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.text)
def test_a_claim_is_measured_by_what_it_says(claim: PrintedClaim) -> None:
    about = {
        SPREAD: any(word in claim.text for word in ("varies", "standard deviation", "variance")),
        DROP: "drop" in claim.text,
    }
    assert claim.measure == next((measure for measure, said in about.items() if said), SCORE)


def test_claims_about_noise_are_of_noisy_blocks_and_of_a_rival_that_is_named() -> None:
    noisy = [claim for claim in CLAIMS if "noise" in claim.text]
    assert noisy and all(setting.startswith("noise=") for claim in noisy for setting in claim.settings)
    against = [claim for claim in CLAIMS if "vanilla" in claim.text]
    assert against and all(claim.rivals == ("vanilla",) for claim in against)

"""The kernel's answers, in words."""

from __future__ import annotations

import pytest
from tests.network.conftest import Lab

from wherry.network.proxy.nft import Nft, NftError, NftMissing


@pytest.mark.machine
def test_a_script_is_carried_out_as_a_whole_or_not_at_all(lab: Lab) -> None:
    nft = Nft()
    with pytest.raises(NftError, match="No such file or directory"):
        lab.do(nft.run("add table inet one\nadd rule inet two c drop\n"))
    assert lab.do(nft.chains("one")) == ()
    lab.do(nft.run("add table inet one\nadd chain inet one c\n"))
    assert lab.do(nft.chains("one")) == ("c",)


async def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherry.network.proxy.nft.shutil.which", lambda name, path=None: None)
    with pytest.raises(NftMissing, match="install the package nftables"):
        await Nft().run("add table inet one")

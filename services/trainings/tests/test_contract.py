"""What every service promises, whatever it is about."""

from chassis.testing import Api
from chassis.testing.contract import check_answers, check_document


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)

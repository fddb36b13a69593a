"""A third-party client (aiogram) against the simulated Bot API server: everything that a bot does, and everything that
is refused. Run by tests/aiogram.rs: check.py URL TOKEN. Prints one line for each check; exit code 1 at the first that
fails. aiogram parses every answer into its own strict types, so a malformed object fails too."""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReactionTypeEmoji,
    ReplyParameters,
)

URL, TOKEN = sys.argv[1], sys.argv[2]
ANN, BEN, EVE = 1001, 1002, 1003
GROUP, SUPERGROUP, FORUM = -2001, -1002000000001, -1002000000002


def act(name, **body):
    """A person or the test does something."""
    request = urllib.request.Request(
        f"{URL}/control/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def raw(method, token=TOKEN, data=None, content_type=None, query=""):
    """A call past the client: status and body."""
    headers = {"Content-Type": content_type} if content_type else {}
    request = urllib.request.Request(f"{URL}/bot{token}/{method}{query}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def check(what, outcome):
    print(("ok   " if outcome else "FAIL ") + what, flush=True)
    if not outcome:
        sys.exit(1)


async def refused(what, kind, text, call):
    try:
        await call
    except kind as error:
        check(f"{what}: {error.message}", type(error) is kind and text in error.message)
    else:
        check(what, False)


def client(token=TOKEN):
    session = AiohttpSession(api=TelegramAPIServer.from_base(URL), timeout=10)
    return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))


async def requests():
    """Bot API, "Making requests"."""
    check("GET, method in any case", raw("gEtMe")[1]["result"]["is_bot"])
    form = b"chat_id=1001&text=a+b%26c"
    status, answer = raw("sendmessage", data=form, content_type="application/x-www-form-urlencoded")
    check("urlencoded", status == 200 and answer["result"]["text"] == "a b&c")
    status, answer = raw("SENDMESSAGE", query="?chat_id=1001&text=in%20the%20query")
    check("query", status == 200 and answer["result"]["text"] == "in the query")
    body = json.dumps({"chat_id": ANN, "text": "json"}).encode()
    check("JSON", raw("sendMessage", data=body, content_type="application/json")[0] == 200)
    parts = "".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("chat_id", ANN), ("text", "multipart"))
    )
    status, answer = raw(
        "sendMessage", data=(parts + "--xx--\r\n").encode(), content_type="multipart/form-data; boundary=xx"
    )
    check("multipart", status == 200 and answer["result"]["text"] == "multipart")
    check("unknown method is 404", raw("noSuchMethod")[0] == 404)
    check("malformed token is 404", raw("getMe", token="nonsense")[0] == 404)
    check("bad JSON is 400", raw("sendMessage", data=b"{", content_type="application/json")[0] == 400)


async def looking(bot):
    me = await bot.get_me()
    check("getMe", me.is_bot and me.id == int(TOKEN.split(":")[0]) and me.can_read_all_group_messages is False)
    chat = await bot.get_chat(ANN)
    check("getChat of a person", chat.type == "private" and chat.first_name == "Ann" and not chat.is_forum)
    chat = await bot.get_chat(FORUM)
    check("getChat of a forum", chat.type == "supergroup" and chat.is_forum is True)
    chat = await bot.get_chat(SUPERGROUP)
    check("getChat of a supergroup", chat.type == "supergroup" and not chat.is_forum)
    member = await bot.get_chat_member(FORUM, me.id)
    check("getChatMember of the bot", member.status == "administrator" and member.can_manage_topics)
    member = await bot.get_chat_member(GROUP, ANN)
    check("getChatMember of a person", member.status == "creator")
    check("getChatAdministrators", [m.user.id for m in await bot.get_chat_administrators(GROUP)] == [ANN])
    await refused("unknown chat", TelegramBadRequest, "chat not found", bot.get_chat(-99))
    info = await bot.get_webhook_info()
    check("getWebhookInfo", info.url == "")
    check("deleteWebhook", await bot.delete_webhook())
    commands = [BotCommand(command="send", description="Send an SMS")]
    check("setMyCommands", await bot.set_my_commands(commands))
    check("getMyCommands", (await bot.get_my_commands())[0].command == "send")
    bad = [BotCommand(command="Send", description="upper case")]
    await refused("bad command", TelegramBadRequest, "BOT_COMMAND_INVALID", bot.set_my_commands(bad))


async def updates(bot):
    await bot.get_updates(offset=-1)
    last = await bot.get_updates(offset=-1)
    if last:
        await bot.get_updates(offset=last[-1].update_id + 1)
    started = time.monotonic()
    check("an empty long poll waits", await bot.get_updates(timeout=1) == [] and time.monotonic() - started > 0.9)
    waiting = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.2)
    started = time.monotonic()
    act("write", chat=ANN, **{"from": ANN}, text="hello")
    first = await waiting
    check("a long poll ends with an update", time.monotonic() - started < 5 and first[0].message.text == "hello")
    check("unacknowledged updates come again", (await bot.get_updates())[0].update_id == first[0].update_id)
    act("write", chat=ANN, **{"from": ANN}, text="second")
    act("write", chat=ANN, **{"from": ANN}, text="third")
    got = await bot.get_updates(offset=first[0].update_id + 1, limit=1)
    check("limit", [u.message.text for u in got] == ["second"])
    got = await bot.get_updates(offset=-1)
    check("a negative offset counts from the end", [u.message.text for u in got] == ["third"])
    check("identifiers rise by one", got[0].update_id == first[0].update_id + 2)
    old = asyncio.create_task(bot.get_updates(offset=got[0].update_id + 1, timeout=20))
    await asyncio.sleep(0.2)
    other = client()
    check("the newer poller is served", await other.get_updates(timeout=0) == [])
    await other.session.close()
    await refused("the older poller", TelegramConflictError, "terminated by other getUpdates", old)
    await bot.get_updates(allowed_updates=["callback_query"])
    act("write", chat=ANN, **{"from": ANN}, text="unwanted")
    check("allowed_updates", await bot.get_updates() == [])
    await bot.get_updates(allowed_updates=["message", "edited_message", "callback_query"])
    sent = act("write", chat=ANN, **{"from": ANN}, text="with a slip")
    act("edit", chat=ANN, message_id=sent["message_id"], text="without")
    got = await bot.get_updates()
    check("an edit", got[-1].edited_message.text == "without" and got[-1].edited_message.edit_date)
    await bot.get_updates(offset=got[-1].update_id + 1)
    act("next_update_id", id=77)
    act("write", chat=ANN, **{"from": ANN}, text="after a jump")
    got = await bot.get_updates(offset=got[-1].update_id + 1)
    check("a smaller identifier is served to an old offset", got[0].update_id == 77)
    await bot.get_updates(offset=78)
    for medium in ("photo", "voice", "sticker", "video", "document", "contact", "location", "audio", "video_note"):
        act("write", chat=ANN, **{"from": ANN}, media=medium)
    got = await bot.get_updates()
    check("media", [u.message.content_type for u in got][:2] == ["photo", "voice"] and len(got) == 9)
    await bot.get_updates(offset=got[-1].update_id + 1)


async def privacy(bot):
    me = await bot.get_me()
    post = await bot.send_message(GROUP, "a post")
    say = lambda text, **more: act("write", chat=GROUP, **{"from": ANN}, text=text, **more)
    say("small talk")
    say("/send@someone_else_bot x")
    say(f"/send@{me.username} x")
    say("/help")
    say("an answer", reply_to=post.message_id)
    got = await bot.get_updates()
    texts = [u.message.text for u in got]
    check("privacy mode", texts == [f"/send@{me.username} x", "/help", "an answer"])
    check("a reply names what it answers", got[-1].message.reply_to_message.message_id == post.message_id)
    act("privacy", on=False)
    say("small talk")
    got = await bot.get_updates(offset=got[-1].update_id + 1)
    check("without privacy mode", [u.message.text for u in got] == ["small talk"])
    act("privacy", on=True)
    act("write", chat=GROUP, **{"from": ANN}, text="/anonymous", **{"as": GROUP})
    got = await bot.get_updates(offset=got[-1].update_id + 1)
    check("an anonymous administrator", got[0].message.from_user.id == 1087968824 and got[0].message.sender_chat.id == GROUP)
    await bot.get_updates(offset=got[-1].update_id + 1)


async def sending(bot):
    send = bot.send_message
    message = await send(ANN, "<b>1 &lt; 2</b> 👍 <i>x</i>", link_preview_options=LinkPreviewOptions(is_disabled=True))
    check("HTML", message.text == "1 < 2 👍 x" and message.html_text == "<b>1 &lt; 2</b> 👍 <i>x</i>")
    check("link preview", message.link_preview_options.is_disabled)
    await refused("bare <", TelegramBadRequest, "can't parse entities", send(ANN, "1 < 2"))
    await refused("unclosed", TelegramBadRequest, "Can't find end tag", send(ANN, "<b>x"))
    await refused("empty", TelegramBadRequest, "message text is empty", send(ANN, "<b> </b>"))
    check("4096 units fit", await send(ANN, "👍" * 2048))
    await refused("4098 do not", TelegramBadRequest, "message is too long", send(ANN, "👍" * 2049))
    answer = await send(ANN, "an answer", reply_parameters=ReplyParameters(message_id=message.message_id))
    check("reply_parameters", answer.reply_to_message.message_id == message.message_id)
    missing = ReplyParameters(message_id=999999)
    await refused("reply to nothing", TelegramBadRequest, "message to be replied not found", send(ANN, "x", reply_parameters=missing))
    lenient = ReplyParameters(message_id=999999, allow_sending_without_reply=True)
    check("allow_sending_without_reply", (await send(ANN, "x", reply_parameters=lenient)).reply_to_message is None)
    await refused("a thread in a private chat", TelegramBadRequest, "message thread not found", send(ANN, "x", message_thread_id=5))
    check("a thread in a group is ignored", (await send(SUPERGROUP, "x", message_thread_id=5)).message_thread_id is None)
    await refused("a stranger", TelegramBadRequest, "chat not found", send(424242, "x"))
    await refused("not started", TelegramForbiddenError, "bot can't initiate conversation", send(EVE, "x"))
    act("block", user=BEN)
    await refused("blocked", TelegramForbiddenError, "bot was blocked by the user", send(BEN, "x"))
    act("unblock", user=BEN)
    act("member", chat=GROUP, user=bot.id, status="kicked")
    await refused("kicked", TelegramForbiddenError, "bot was kicked from the group chat", send(GROUP, "x"))
    act("member", chat=GROUP, user=bot.id, status="member")
    one, two = await send(ANN, "x"), await send(BEN, "x")
    check("private chats share their message ids", two.message_id == one.message_id + 1)
    check("a supergroup has its own", (await send(SUPERGROUP, "x")).message_id < 20)


async def editing(bot):
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])
    message = await bot.send_message(ANN, "sure?", reply_markup=keyboard)
    check("buttons", message.reply_markup.inline_keyboard[0][0].callback_data == "yes")
    same = bot.edit_message_text("sure?", chat_id=ANN, message_id=message.message_id, reply_markup=keyboard)
    await refused("nothing changed", TelegramBadRequest, "message is not modified", same)
    changed = await bot.edit_message_text("surely?", chat_id=ANN, message_id=message.message_id)
    check("an edit without markup drops the buttons", changed.reply_markup is None and changed.text == "surely?")
    missing = bot.edit_message_text("x", chat_id=ANN, message_id=999999)
    await refused("editing nothing", TelegramBadRequest, "message to edit not found", missing)
    theirs = act("write", chat=ANN, **{"from": ANN}, text="mine")["message_id"]
    await refused("editing another's", TelegramBadRequest, "message can't be edited", bot.edit_message_text("x", chat_id=ANN, message_id=theirs))
    long = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="x", callback_data="y" * 65)]])
    await refused("65 bytes of data", TelegramBadRequest, "BUTTON_DATA_INVALID", bot.send_message(ANN, "x", reply_markup=long))
    bare = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="x")]])
    await refused("a button without use", TelegramBadRequest, "Text buttons are unallowed", bot.send_message(ANN, "x", reply_markup=bare))
    shown = lambda: [m for m in act("messages", chat=ANN) if m["message_id"] == theirs][0]["reactions"]
    react = lambda *emoji: bot.set_message_reaction(ANN, theirs, [ReactionTypeEmoji(emoji=e) for e in emoji])
    check("a reaction", await react("👀") and shown() == ["👀"])
    check("replaces the last", await react("🕊") and shown() == ["🕊"])
    await refused("not in the list", TelegramBadRequest, "REACTION_INVALID", react("✅"))
    await refused("two", TelegramBadRequest, "REACTIONS_TOO_MANY", react("👍", "👀"))
    check("none", await react() and shown() == [])
    nothing = bot.set_message_reaction(ANN, 999999, [ReactionTypeEmoji(emoji="👍")])
    await refused("reacting to nothing", TelegramBadRequest, "message to react not found", nothing)
    await bot.get_updates(offset=-1)
    message = await bot.send_message(ANN, "sure?", reply_markup=keyboard)
    press = act("press", chat=ANN, message_id=message.message_id, **{"from": ANN}, label="Yes")["callback_query_id"]
    query = (await bot.get_updates(offset=-1))[0].callback_query
    check("a press", query.data == "yes" and query.id == press and query.message.message_id == message.message_id)
    check("answered", await bot.answer_callback_query(query.id, text="done") and act("callback", id=press)["text"] == "done")
    await refused("an unknown press", TelegramBadRequest, "query is too old", bot.answer_callback_query("1"))


async def topics(bot):
    topic = await bot.create_forum_topic(FORUM, "+1 202 555 0100")
    service = (await bot.get_updates(offset=-1))[0].message
    check("the bot hears of its own topic", service.forum_topic_created.name == topic.name and service.from_user.id == bot.id)
    post = await bot.send_message(FORUM, "in it", message_thread_id=topic.message_thread_id)
    check("a post in a topic", post.is_topic_message and post.message_thread_id == topic.message_thread_id)
    act("write", chat=FORUM, **{"from": ANN}, text="no reply", topic=topic.message_thread_id)
    message = (await bot.get_updates(offset=-1))[0].message
    check("the implicit reply", message.reply_to_message.forum_topic_created is not None and message.is_topic_message)
    check("pinned", await bot.pin_chat_message(FORUM, post.message_id))
    pinned = (await bot.get_updates(offset=-1))[0].message
    check("the bot hears of its own pin", pinned.pinned_message.message_id == post.message_id and pinned.from_user.id == bot.id)
    await refused("no right to pin", TelegramBadRequest, "not enough rights", bot.pin_chat_message(SUPERGROUP, 1))
    check("renamed", await bot.edit_forum_topic(FORUM, topic.message_thread_id, name="Ann"))
    await refused("renamed to the same", TelegramBadRequest, "TOPIC_NOT_MODIFIED", bot.edit_forum_topic(FORUM, topic.message_thread_id, name="Ann"))
    check("closed", await bot.close_forum_topic(FORUM, topic.message_thread_id) and act("topics", chat=FORUM)[0]["closed"])
    check("reopened", await bot.reopen_forum_topic(FORUM, topic.message_thread_id))
    check("deleted", await bot.delete_forum_topic(FORUM, topic.message_thread_id))
    gone = bot.send_message(FORUM, "x", message_thread_id=topic.message_thread_id)
    await refused("a deleted topic", TelegramBadRequest, "message thread not found", gone)
    await refused("General is no thread", TelegramBadRequest, "message thread not found", bot.send_message(FORUM, "x", message_thread_id=1))
    await refused("no forum", TelegramBadRequest, "the chat is not a forum", bot.create_forum_topic(SUPERGROUP, "x"))
    act("member", chat=FORUM, user=bot.id, status="member")
    await refused("no right", TelegramBadRequest, "not enough rights", bot.create_forum_topic(FORUM, "x"))
    act("write", chat=SUPERGROUP, **{"from": ANN}, text="/a")
    first = (await bot.get_updates(offset=-1))[0].message
    act("write", chat=SUPERGROUP, **{"from": ANN}, text="/b", reply_to=first.message_id)
    second = (await bot.get_updates(offset=-1))[0].message
    check("a reply in a plain supergroup has a thread and no topic", second.message_thread_id == first.message_id and not second.is_topic_message)


async def trouble(bot):
    act("fault", method="sendMessage", what={"retry_after": 7})
    try:
        await bot.send_message(ANN, "x")
        check("429", False)
    except TelegramRetryAfter as error:
        check("429 with retry_after", error.retry_after == 7)
    act("fault", method="sendMessage", what={"error": {"code": 500, "description": "Internal Server Error"}})
    await refused("5xx", TelegramServerError, "Internal Server Error", bot.send_message(ANN, "x"))
    act("fault", method="sendMessage", what="lose_answer")
    await refused("a lost answer", TelegramNetworkError, "", bot.send_message(ANN, "lost answer"))
    check("took effect", act("messages", chat=ANN)[-1]["text"] == "lost answer")
    act("fault", method="sendMessage", what="lose_call")
    await refused("a lost call", TelegramNetworkError, "", bot.send_message(ANN, "lost call"))
    check("took none", act("messages", chat=ANN)[-1]["text"] == "lost answer")
    stranger = client("1000001:wrong")
    await refused("a wrong token", TelegramUnauthorizedError, "Unauthorized", stranger.get_me())
    await stranger.session.close()
    act("limits", on=True)
    for _ in range(30):
        try:
            await bot.send_message(SUPERGROUP, "burst")
        except TelegramRetryAfter as error:
            check("flood limit", 0 < error.retry_after <= 61)
            break
    else:
        check("flood limit", False)
    act("limits", on=False)
    act("migrate", chat=GROUP, to=-1002000000009)
    try:
        await bot.send_message(GROUP, "x")
        check("migrated", False)
    except TelegramMigrateToChat as error:
        check("migrate_to_chat_id", error.migrate_to_chat_id == -1002000000009)
    got = await bot.get_updates()
    check("its service messages", any(u.message and u.message.migrate_to_chat_id for u in got))
    calls = act("calls")
    check("calls are listed", any(c["method"] == "sendmessage" and c["code"] == 429 for c in calls))


async def main():
    for id, name in ((ANN, "Ann"), (BEN, "Ben"), (EVE, "Eve")):
        act("user", id=id, first_name=name, username=name.lower())
    act("start", user=ANN)
    act("start", user=BEN, silent=True)
    act("chat", id=GROUP, type="group", title="Home", members=[ANN, BEN, EVE])
    act("chat", id=SUPERGROUP, type="supergroup", title="Big home", members=[ANN])
    act("chat", id=FORUM, type="forum", title="Forum", members=[ANN], bot="topics")
    bot = client()
    await requests()
    for part in (looking, updates, privacy, sending, editing, topics, trouble):
        await part(bot)
    await bot.session.close()
    print("all checks passed")


asyncio.run(main())

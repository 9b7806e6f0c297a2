"""What a client of the OpenAI API sees, against a real server process."""

from __future__ import annotations

import asyncio
import base64
import math
import shutil
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from safetensors.torch import load_file, save_file
from serve_fixtures import ask, error_of, running_server, text_of, write_lively, write_models
from tokenizers import AddedToken
from transformers import AutoTokenizer

JSON = {"Content-Type": "application/json"}
MESSAGES = [{"role": "user", "content": "1+2"}]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    write_models(directory)
    return directory


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running_server(models / "base", "--models", str(models), "--max-loaded", "2", "--max-queue", "200") as running:
        yield running


def test_every_published_version_is_listed_and_the_base_first(client: httpx.Client) -> None:
    listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
    assert listed[0] == "base" and {"full-1", "full-2", "adapter-1"} <= set(listed)


def test_versions_answer_by_their_own_weights(client: httpx.Client) -> None:
    texts = {text_of(ask(client, model, seed=1, max_tokens=12)) for model in ("base", "full-1", "full-2", "adapter-1")}
    assert len(texts) == 4


def test_a_folder_renamed_into_place_is_served_at_once(client: httpx.Client, models: Path) -> None:
    staged = write_lively(models.parent / "staged", seed=9)
    body = {"model": "late", "messages": MESSAGES}
    assert client.post("/v1/chat/completions", json=body).status_code == 404
    staged.rename(models / "late")
    assert text_of(ask(client, "late", seed=1)) != text_of(ask(client, "full-1", seed=1))
    shutil.rmtree(models / "late")


@pytest.mark.parametrize("name", ["nobody", "../base", "..", "full-1/../base", "/etc", ".hidden", "a\u0000b", ""])
def test_an_unknown_model_is_a_404_that_says_so(client: httpx.Client, name: str) -> None:
    response = client.post("/v1/chat/completions", json={"model": name, "messages": MESSAGES})
    assert response.status_code == 404 and error_of(response)["code"] == "model_not_found"


@pytest.mark.parametrize("name", ["pickled", "torn"])
def test_a_folder_that_cannot_be_loaded_is_named_and_harms_nobody(client: httpx.Client, name: str) -> None:
    response = client.post("/v1/chat/completions", json={"model": name, "messages": MESSAGES})
    assert response.status_code == 500 and f"`{name}` cannot be loaded" in error_of(response)["message"]
    assert text_of(ask(client, "full-1", seed=1)) == text_of(ask(client, "full-1", seed=1))


def test_usage_counts_prompt_and_drawn_tokens(client: httpx.Client) -> None:
    answer = ask(client, max_tokens=5, seed=3)
    counted = client.post("/tokenize", json={"messages": MESSAGES}).json()["count"]
    assert answer["usage"] == {"prompt_tokens": counted, "completion_tokens": 5, "total_tokens": counted + 5}
    assert answer["choices"][0]["finish_reason"] == "length"


def test_the_end_token_stops_a_completion_and_is_counted(client: httpx.Client) -> None:
    answers = [ask(client, max_tokens=300, seed=seed) for seed in range(10)]
    ended = [answer for answer in answers if answer["choices"][0]["finish_reason"] == "stop"]
    assert ended and all("<|end|>" not in text_of(answer) for answer in ended)
    assert all(answer["usage"]["completion_tokens"] < 300 for answer in ended)


def test_samples_of_one_request_are_those_that_the_same_seed_gives_again(client: httpx.Client) -> None:
    first, again = (ask(client, n=5, seed=11, max_tokens=12)["choices"] for _ in range(2))
    texts = [choice["message"]["content"] for choice in first]
    assert texts == [choice["message"]["content"] for choice in again] and len(set(texts)) > 1
    assert [choice["index"] for choice in first] == [0, 1, 2, 3, 4]


def test_without_a_seed_completions_differ(client: httpx.Client) -> None:
    assert len({text_of(ask(client, max_tokens=20)) for _ in range(4)}) > 1


def test_max_completion_tokens_has_the_last_word(client: httpx.Client) -> None:
    answer = ask(client, max_completion_tokens=3, temperature=0)
    assert answer["usage"]["completion_tokens"] == 3


def test_a_stop_string_cuts_the_text_before_itself(client: httpx.Client) -> None:
    whole = text_of(ask(client, seed=5, max_tokens=30))
    cut = ask(client, seed=5, max_tokens=30, stop=["\u2603", whole[6:9]])
    assert text_of(cut) == whole[: whole.index(whole[6:9])] and cut["choices"][0]["finish_reason"] == "stop"
    assert cut["usage"]["completion_tokens"] < 30


def test_chat_logprobs_are_those_of_the_text_that_was_drawn(client: httpx.Client) -> None:
    choice = ask(client, seed=2, max_tokens=4, logprobs=True, top_logprobs=3)["choices"][0]
    content = choice["logprobs"]["content"]
    assert len(content) == 4 and all(len(entry["top_logprobs"]) == 3 for entry in content)
    prompt = client.post("/tokenize", json={"messages": MESSAGES}).json()["tokens"]
    drawn = [client.post("/tokenize", json={"prompt": entry["token"]}).json()["tokens"][0] for entry in content]
    scored = completion(client, prompt=prompt + drawn, max_tokens=0, prompt_logprobs=0)["choices"][0]["prompt_logprobs"]
    for entry, token, score in zip(content, drawn, scored[len(prompt) :], strict=True):
        assert entry["logprob"] == pytest.approx(score[str(token)]["logprob"], abs=1e-5)
        assert score[str(token)]["decoded_token"] == entry["token"]


def completion(client: httpx.Client, **body: Any) -> Any:
    response = client.post("/v1/completions", json={"model": "base", **body})
    assert response.status_code == 200, response.text
    return response.json()


def test_completions_take_text_ids_and_lists_of_either(client: httpx.Client) -> None:
    ids = client.post("/tokenize", json={"prompt": "1+1"}).json()["tokens"]
    options = {"max_tokens": 6, "temperature": 0}
    texts = [completion(client, prompt=prompt, **options)["choices"][0]["text"] for prompt in ("1+1", ids)]
    both = [completion(client, prompt=prompt, **options)["choices"] for prompt in (["1+1", "2"], [ids, [*ids, 7]])]
    assert texts[0] == texts[1] == both[0][0]["text"] == both[1][0]["text"]
    assert [choice["index"] for choice in both[0]] == [0, 1]


def test_prompt_logprobs_have_the_shape_of_vllm_and_sum_to_one(client: httpx.Client) -> None:
    ids = client.post("/tokenize", json={"prompt": "12345"}).json()["tokens"]
    answer = completion(client, prompt=ids, max_tokens=1, prompt_logprobs=100, logprobs=2)
    scores = answer["choices"][0]["prompt_logprobs"]
    assert scores[0] is None and len(scores) == len(ids)
    for token, score in zip(ids[1:], scores[1:], strict=True):
        assert score[str(token)]["rank"] >= 1
        assert sum(math.exp(each["logprob"]) for each in score.values()) == pytest.approx(1, abs=1e-2)
    logprobs = answer["choices"][0]["logprobs"]
    assert len(logprobs["tokens"]) == len(logprobs["token_logprobs"]) == 1 and len(logprobs["top_logprobs"][0]) == 2


def test_weights_that_are_no_numbers_are_an_error_whatever_is_asked(client: httpx.Client, models: Path) -> None:
    folder = write_lively(models.parent / "no-numbers")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"].fill_(float("nan"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    folder.rename(models / "no-numbers")
    bodies: dict[str, Any] = {
        "/v1/chat/completions": {"messages": MESSAGES},
        "/v1/completions": {"prompt": "1+1", "max_tokens": 0, "prompt_logprobs": 1},
        "/v1/embeddings": {"input": "1+1"},
    }
    for route, body in bodies.items():
        response = client.post(route, json={"model": "no-numbers", **body})
        assert (response.status_code, error_of(response)["code"]) == (422, "model_broken"), route
        assert "`no-numbers`" in error_of(response)["message"]
    shutil.rmtree(models / "no-numbers")


def test_a_token_alone_has_nothing_to_be_scored_by(client: httpx.Client) -> None:
    answer = completion(client, prompt=[9], max_tokens=0, prompt_logprobs=1)
    assert answer["choices"][0]["prompt_logprobs"] == [None] and answer["choices"][0]["text"] == ""


def test_echo_repeats_the_prompt(client: httpx.Client) -> None:
    assert completion(client, prompt="12", max_tokens=2, echo=True)["choices"][0]["text"].startswith("12")


def test_an_echo_has_log_probabilities_of_the_prompt_and_of_what_was_drawn(client: httpx.Client) -> None:
    ids = client.post("/tokenize", json={"prompt": "12+34"}).json()["tokens"]
    read = completion(client, prompt=ids, max_tokens=0, echo=True, logprobs=2)["choices"][0]
    both = completion(client, prompt=ids, max_tokens=3, echo=True, logprobs=2, prompt_logprobs=5, temperature=0)[
        "choices"
    ][0]
    alone = completion(client, prompt=ids, max_tokens=3, logprobs=2, temperature=0)["choices"][0]
    first, drawn = read["logprobs"], alone["logprobs"]
    assert read["text"] == "12+34" and first["tokens"] == list("12+34") and first["text_offset"] == [0, 1, 2, 3, 4]
    assert first["token_logprobs"][0] is None and first["top_logprobs"][0] is None
    assert all(
        logprob < 0 and len(top) == 2
        for logprob, top in zip(first["token_logprobs"][1:], first["top_logprobs"][1:], strict=True)
    )
    for name in ("tokens", "token_logprobs", "top_logprobs"):
        assert both["logprobs"][name] == first[name] + drawn[name]
    assert both["logprobs"]["text_offset"] == first["text_offset"] + [5 + offset for offset in drawn["text_offset"]]
    assert all(5 <= len(each) <= 6 for each in both["prompt_logprobs"][1:])
    scores = [score[str(token)]["logprob"] for token, score in zip(ids[1:], both["prompt_logprobs"][1:], strict=True)]
    assert scores == first["token_logprobs"][1:]


def test_embeddings_do_not_depend_on_their_neighbours_and_come_in_both_formats(client: httpx.Client) -> None:
    def embed(texts: Any, model: str = "base", **extra: Any) -> Any:
        response = client.post("/v1/embeddings", json={"model": model, "input": texts, **extra})
        assert response.status_code == 200, response.text
        return [entry["embedding"] for entry in response.json()["data"]]

    both = embed(["1+1", "some longer text"])
    assert len(both[0]) == 32 and both[0] == embed("1+1")[0] and both[0] != embed("1+1", "full-1")[0]
    packed = base64.b64decode(embed("1+1", encoding_format="base64")[0])
    assert list(struct.unpack("<32f", packed)) == pytest.approx(both[0], rel=1e-6)


def test_tokenize_follows_the_chat_template(client: httpx.Client) -> None:
    def tokens(**body: Any) -> list[int]:
        return list(client.post("/tokenize", json=body).json()["tokens"])

    chat = tokens(messages=MESSAGES)
    without = tokens(messages=MESSAGES, add_generation_prompt=False)
    assert chat[: len(without)] == without and len(chat) == len(without) + 1
    answer = client.post("/tokenize", json={"prompt": "1+2", "return_token_strs": True}).json()
    assert answer["token_strs"] == ["1", "+", "2"] and answer["count"] == 3 and answer["max_model_len"] == 512


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"stream": True}, "stream"),
    ({"temperature": -1}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"top_p": 0}, "top_p"),
    ({"top_p": 1.5}, "top_p"),
    ({"n": 0}, "n"),
    ({"n": 1000}, "n"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 2.5}, "max_tokens"),
    ({"seed": "x"}, "seed"),
    ({"stop": [""]}, "stop"),
    ({"stop": 3}, "stop"),
    ({"messages": []}, "messages"),
    ({"messages": "hello"}, "messages"),
    ({"messages": [{"role": "user"}]}, "messages"),
    ({"messages": [{"role": "system", "content": "a role that the template refuses"}]}, "messages"),
    ({"messages": [{"role": "user", "content": "1" * 600}]}, "messages"),
    ({"presence_penalty": 1}, "presence_penalty"),
    ({"repetition_penalty": 1.1}, "repetition_penalty"),
    ({"top_k": 20}, "top_k"),
    ({"min_p": 0.1}, "min_p"),
    ({"logit_bias": {"3": 1}}, "logit_bias"),
    ({"ignore_eos": True}, "ignore_eos"),
    ({"min_tokens": 3}, "min_tokens"),
    ({"stop_token_ids": [3]}, "stop_token_ids"),
    ({"include_stop_str_in_output": True}, "include_stop_str_in_output"),
    ({"skip_special_tokens": False}, "skip_special_tokens"),
    ({"chat_template": "{{ messages }}"}, "chat_template"),
    ({"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs"),
    ({"continue_final_message": True}, "continue_final_message"),
    ({"add_generation_prompt": False}, "add_generation_prompt"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"tools": [{"type": "function"}]}, "tools"),
]


@pytest.mark.parametrize(
    ("change", "field"), BAD_FIELDS, ids=[f"{index}-{field}" for index, (_, field) in enumerate(BAD_FIELDS)]
)
def test_a_bad_parameter_is_a_400_that_names_it(client: httpx.Client, change: dict[str, Any], field: str) -> None:
    response = client.post("/v1/chat/completions", json={"model": "base", "messages": MESSAGES, **change})
    assert response.status_code == 400, response.text
    assert error_of(response)["param"] == field and error_of(response)["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"", b"hello", b"<html>", b"[1]", b"3", b'{"model": "base"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_a_400(client: httpx.Client, body: bytes) -> None:
    response = client.post("/v1/chat/completions", content=body, headers=JSON)
    assert response.status_code == 400 and error_of(response)["message"]


def test_ids_outside_the_vocabulary_and_empty_prompts_are_400(client: httpx.Client) -> None:
    for prompt in ([100000], [], "", [-1], [[]]):
        response = client.post("/v1/completions", json={"model": "base", "prompt": prompt})
        assert response.status_code == 400 and error_of(response)["param"] == "prompt", prompt


def test_a_prompt_with_a_token_that_the_model_has_no_embedding_for_is_a_400_and_a_message_never_spells_one(
    client: httpx.Client, models: Path
) -> None:
    folder = write_lively(models / "narrow")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([AddedToken("<image>", special=True)], special_tokens=True)
    tokenizer.save_pretrained(folder)
    chat = {"model": "narrow", "messages": [{"role": "user", "content": "<image>"}]}
    assert client.post("/v1/chat/completions", json=chat).status_code == 200
    response = client.post("/v1/completions", json={"model": "narrow", "prompt": "<image>"})
    assert response.status_code == 400 and "outside the vocabulary" in error_of(response)["message"]
    shutil.rmtree(folder)


def test_values_that_change_nothing_are_taken_whether_or_not_they_are_supported(client: httpx.Client) -> None:
    neutral = {"ignore_eos": False, "top_k": -1, "repetition_penalty": 1.0, "stop_token_ids": [], "best_of": 1}
    assert text_of(ask(client, seed=4, **neutral)) == text_of(ask(client, seed=4, chat_template_kwargs={}, tools=None))


def test_a_temperature_that_is_no_number_is_a_400(client: httpx.Client) -> None:
    body = b'{"model": "base", "messages": [{"role": "user", "content": "1"}], "temperature": NaN}'
    response = client.post("/v1/chat/completions", content=body, headers=JSON)
    assert response.status_code == 400 and error_of(response)["param"] == "temperature"


def test_more_completions_than_may_ever_wait_are_a_400_and_not_an_invitation_to_come_back(client: httpx.Client) -> None:
    response = client.post("/v1/completions", json={"model": "base", "prompt": ["1", "2"], "n": 128})
    assert response.status_code == 400 and error_of(response)["param"] == "n"


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        head = b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: 1000000000\r\n\r\n{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_say_its_size_is_read_up_to_the_limit(client: httpx.Client) -> None:
    response = client.post("/tokenize", content=(b" " * 2**20 for _ in range(17)), headers=JSON)
    assert "content-length" not in response.request.headers
    assert response.status_code == 413 and error_of(response)["code"] == "body_too_large"


def test_unknown_routes_and_methods_answer_in_the_same_shape(client: httpx.Client) -> None:
    assert client.get("/v1/nothing").status_code == 404 and error_of(client.get("/v1/nothing"))["code"] == "unknown_url"
    assert client.get("/v1/chat/completions").status_code == 405


def test_more_requests_than_the_queue_holds_are_told_to_come_back(client: httpx.Client) -> None:
    body = {"model": "base", "messages": MESSAGES, "n": 128, "max_tokens": 60}
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: client.post("/v1/chat/completions", json=body), range(8)))
    refused = [response for response in responses if response.status_code != 200]
    assert refused and all(response.status_code == 429 and response.headers["retry-after"] for response in refused)
    assert any(response.status_code == 200 for response in responses)


def metric(client: httpx.Client, name: str) -> float:
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].split()[1])


def test_more_versions_than_fit_take_turns_and_answer_as_before(client: httpx.Client) -> None:
    before = metric(client, "maft_version_evictions_total")
    names = ["full-1", "full-2", "adapter-1"]
    expected = {name: text_of(ask(client, name, seed=1)) for name in names}
    with ThreadPoolExecutor(12) as pool:
        asked = [name for _ in range(8) for name in names]
        texts = list(pool.map(lambda name: text_of(ask(client, name, seed=1)), asked))
    assert texts == [expected[name] for name in asked]
    assert metric(client, "maft_loaded_versions") <= 3 and metric(client, "maft_version_evictions_total") > before


def test_metrics_count_what_was_served(client: httpx.Client) -> None:
    before = metric(client, "maft_completion_tokens_total")
    ask(client, max_tokens=7, seed=3)
    assert metric(client, "maft_completion_tokens_total") == before + 7
    text = client.get("/metrics").text
    assert 'maft_requests_total{route="/v1/chat/completions",status="200"}' in text and "maft_batch_size_bucket" in text


def test_a_caller_who_leaves_frees_the_rows(client: httpx.Client) -> None:
    before = metric(client, "maft_cancelled_rows_total")

    async def leave() -> None:
        steps = metric(client, "maft_batch_size_count")
        async with httpx.AsyncClient(base_url=str(client.base_url)) as fleeing:
            body = {"model": "base", "messages": MESSAGES, "n": 64, "max_tokens": 500}
            asked = asyncio.create_task(fleeing.post("/v1/chat/completions", json=body, timeout=60))
            # Who leaves before the rows run leaves nothing to be freed.
            while metric(client, "maft_batch_size_count") == steps and not asked.done():
                await asyncio.sleep(0.01)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked

    asyncio.run(leave())
    deadline = time.monotonic() + 20
    while metric(client, "maft_cancelled_rows_total") == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metric(client, "maft_cancelled_rows_total") > before
    assert client.get("/health").json() == {"status": "ok"}

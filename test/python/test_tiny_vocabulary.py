"""The tokenizer and its chat template: what training sees is what inference sees."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from maft.tiny.conversations import Shape, answer_conversation, revision_conversation, summary_conversation
from maft.tiny.process import Process
from maft.tiny.vocabulary import END, IGNORED, ConversationEncoder, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """As users load it: from a folder."""
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    build_tokenizer().save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def conversations():
    rng, process = random.Random(0), Process()
    for _ in range(20):
        yield answer_conversation(process, rng)
        yield summary_conversation(Shape(others=rng.randrange(1, 5)), process, rng)
        yield revision_conversation(Shape(others=rng.randrange(5), rounds=rng.choice((1, 2))), process, rng)
        yield revision_conversation(Shape(others=2, summarised=False), process, rng)


def ids(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], prompt: bool = False) -> list[int]:
    return tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, return_dict=True)["input_ids"]


def test_tokens_of_the_prompt_are_a_prefix_of_those_of_the_whole_chat(tokenizer):
    for conversation in conversations():
        whole, prompt = ids(tokenizer, conversation.messages), ids(tokenizer, conversation.messages[:-1], prompt=True)
        assert whole[: len(prompt)] == prompt
        assert whole[-1] == tokenizer.eos_token_id


def test_pretraining_encodes_as_the_template_does_and_learns_the_last_turn_with_its_end(tokenizer):
    encoder = ConversationEncoder()
    for conversation in conversations():
        tokens, labels = encoder.encode(conversation)
        assert tokens == ids(tokenizer, conversation.messages)
        learnt = [label for label in labels if label != IGNORED]
        assert tokenizer.decode(learnt) == conversation.turns[-1] + END
        assert len(labels) == len(tokens) and labels[-len(learnt) :] == learnt


def test_a_drill_learns_the_marked_pieces_only(tokenizer):
    tokens, labels = ConversationEncoder().encode_drill(
        [("7*8=", False), ("56 ", True), ("22-36=", False), ("-14 ", True)]
    )
    assert tokenizer.decode(tokens) == "<|assistant|>7*8=56 22-36=-14 "
    assert tokenizer.decode([label for label in labels if label != IGNORED]) == "56 -14 "


def test_text_comes_back_unchanged_and_foreign_characters_become_unknown(tokenizer):
    text = "List:\n1+1=2  #2 ~!"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer("é")["input_ids"] == [tokenizer.unk_token_id]


def test_special_tokens_are_whole_and_left_out_of_responses(tokenizer):
    tokens = tokenizer("<|user|>1<|end|>")["input_ids"]
    assert len(tokens) == 3
    assert tokenizer.decode(tokens, skip_special_tokens=True) == "1"


def test_padding_is_on_the_left_and_no_beginning_token_is_added(tokenizer):
    padded = tokenizer(["1", "12"], padding=True)["input_ids"]
    assert padded[0][0] == tokenizer.pad_token_id and len(padded[1]) == 2
    assert tokenizer.bos_token_id is None and tokenizer.eos_token == END


def test_a_role_the_model_does_not_know_is_refused(tokenizer):
    with pytest.raises(Exception, match="user and assistant only"):
        ids(tokenizer, [{"role": "system", "content": "Be right."}])

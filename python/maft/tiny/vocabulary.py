"""One token per character, a chat template, and the same encoding again as a plain table for fast pretraining."""

from __future__ import annotations

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from maft.tiny.conversations import Conversation

PAD, UNKNOWN, USER, ASSISTANT, END = "<pad>", "<unk>", "<|user|>", "<|assistant|>", "<|end|>"
SPECIALS = (PAD, UNKNOWN, USER, ASSISTANT, END)
MAX_POSITIONS = 512
IGNORED = -100

# Tokens of a prompt with its generation prompt are a prefix of the tokens of the whole chat, and <|end|> closes every
# turn, so that training and inference see the same bytes and the end of a turn is learnt.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] not in ['user', 'assistant'] -%}"
    "{{- raise_exception('This model knows the roles user and assistant only.') -}}"
    "{%- endif -%}"
    "{{- '<|' + message['role'] + '|>' + message['content'] + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)


def build_vocabulary() -> dict[str, int]:
    """Token → id: the specials, newline, printable ASCII (101 tokens)."""
    printable = [chr(code) for code in range(32, 127)]
    return {token: index for index, token in enumerate([*SPECIALS, "\n", *printable])}


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer as it is shipped: loads with AutoTokenizer, pads on the left."""
    tokenizer = Tokenizer(models.WordLevel(build_vocabulary(), unk_token=UNKNOWN))
    # [\s\S], not (?s). : the library's regular expressions reject the inline flag.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    # Registered here and not as `extra_special_tokens`, a setting whose form differs between library versions.
    tokenizer.add_special_tokens([AddedToken(special, special=True, normalized=False) for special in SPECIALS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        padding_side="left",
        model_max_length=MAX_POSITIONS,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


class ConversationEncoder:
    """The chat template as a table look-up: some twenty times faster than the tokenizer; a test compares the two."""

    def __init__(self) -> None:
        self.ids = build_vocabulary()

    def encode_text(self, text: str) -> list[int]:
        return [self.ids[character] for character in text]

    def encode(self, conversation: Conversation) -> tuple[list[int], list[int]]:
        """Token ids and labels of equal length; labels are IGNORED everywhere but on the last turn and its <|end|>.

        A last turn that is not whole has no <|end|>.
        """
        tokens: list[int] = []
        start_of_answer = 0
        for index, content in enumerate(conversation.turns):
            tokens.append(self.ids[ASSISTANT if index % 2 else USER])
            start_of_answer = len(tokens)
            tokens += [*self.encode_text(content), self.ids[END]]
        if not conversation.whole:
            tokens.pop()
        return tokens, [IGNORED] * start_of_answer + tokens[start_of_answer:]

    def encode_drill(self, pieces: list[tuple[str, bool]]) -> tuple[list[int], list[int]]:
        """Pieces of text in a row as an assistant writes them; only those that are marked are learnt."""
        tokens, labels = [self.ids[ASSISTANT]], [IGNORED]
        for text, learnt in pieces:
            encoded = self.encode_text(text)
            tokens += encoded
            labels += encoded if learnt else [IGNORED] * len(encoded)
        return tokens, labels

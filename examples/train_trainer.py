"""Training with the Trainer of transformers on packs: several rows in each row of a batch, and no padding between.

    python examples/train_trainer.py medquad path/to/tokenizer.json --steps 60
    torchrun --nproc_per_node 4 examples/train_trainer.py medquad path/to/tokenizer.json

The Trainer is given the numbers of the packs. It shuffles them, shares them out to processes and skips those done when
it goes on from a checkpoint, as with any dataset; the collator makes the batch. The model is a tiny one, made here.
"""

import argparse
import tempfile

import numpy as np
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments, set_seed

import registry
from loaders.batches import packed
from loaders.tokens import Tokens


class Packs:
    """Makes the batch of some packs: a collator that is fit for workers."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def __call__(self, numbers: list[int]) -> dict:
        """Packs as the model takes them.

        It keeps rows of a pack apart by `position_ids`, but only without an attention_mask and with `use_cache=False`,
        which the Trainer sets; flash attention does so by where each row begins in the flattened batch.
        """
        rows, counts = self.tokens.plan.of(np.array(numbers))
        batch = packed(self.tokens, rows, counts)
        starts, longest = batch.pop("cu_seqlens"), batch.pop("max_seqlen")
        flash = {"cu_seq_lens_q": starts, "cu_seq_lens_k": starts, "max_length_q": longest, "max_length_k": longest}
        return batch | flash


def main() -> list[float]:
    """Train; the mean loss of each ten steps."""
    parser = argparse.ArgumentParser(description="Train a tiny model with the Trainer of transformers.")
    parser.add_argument("dataset", help="slug, alias or hf:owner/name")
    parser.add_argument("tokenizer", help="Hub id, folder or path of a tokenizer.json")
    parser.add_argument("--split", default="train")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=8, help="packs of one process")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--output", default=tempfile.gettempdir(), help="folder of checkpoints")
    options = parser.parse_args()

    tokens = registry.load(options.dataset, options.split, tokenizer=options.tokenizer, max_length=512)
    set_seed(0)
    vocabulary = tokens.manifest["tokenizer"]["vocabulary"]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4
    )
    trainer = Trainer(
        LlamaForCausalLM(config),
        TrainingArguments(
            options.output,
            max_steps=options.steps,
            per_device_train_batch_size=options.batch_size,
            learning_rate=3e-3,
            logging_steps=10,
            dataloader_num_workers=options.workers,
            remove_unused_columns=False,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=range(len(tokens.plan)),
        data_collator=Packs(tokens),
    )
    trainer.train()
    return [told["loss"] for told in trainer.state.log_history if "loss" in told]


if __name__ == "__main__":
    losses = main()

"""Training with the SFTTrainer of TRL on rows that are tokens already, with their own labels.

    python examples/train_trl.py medquad path/to/tokenizer.json --steps 60

The rows are not prepared again: they have their template, are no longer than max_length, and their labels say where
loss is taken. The model is a tiny one, made here; yours goes in its place.
"""

import argparse
import tempfile

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed
from trl import SFTConfig, SFTTrainer

import registry
from loaders.tokenizers import open_tokenizer


def main() -> list[float]:
    """Train; the mean loss of each ten steps."""
    parser = argparse.ArgumentParser(description="Train a tiny model with the SFTTrainer of TRL.")
    parser.add_argument("dataset", help="slug, alias or hf:owner/name")
    parser.add_argument("tokenizer", help="Hub id, folder or path of a tokenizer.json")
    parser.add_argument("--split", default="train")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=8, help="rows of one process")
    parser.add_argument("--output", default=tempfile.gettempdir(), help="folder of checkpoints")
    options = parser.parse_args()

    source = open_tokenizer(options.tokenizer)
    tokens = registry.load(options.dataset, options.split, tokenizer=source, max_length=512)
    set_seed(0)
    vocabulary = source.tokenizer.get_vocab_size()
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4
    )
    model = LlamaForCausalLM(config)
    pad = source.tokenizer.id_to_token(tokens.pad)
    trainer = SFTTrainer(
        model,
        SFTConfig(
            options.output,
            max_steps=options.steps,
            per_device_train_batch_size=options.batch_size,
            learning_rate=3e-3,
            logging_steps=10,
            use_cpu=not torch.cuda.is_available(),
            dataset_kwargs={"skip_prepare_dataset": True},
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=tokens.to_hf(),
        processing_class=PreTrainedTokenizerFast(tokenizer_object=source.tokenizer, pad_token=pad),
    )
    trainer.train()
    return [told["loss"] for told in trainer.state.log_history if "loss" in told]


if __name__ == "__main__":
    losses = main()

"""Training in plain PyTorch, with a checkpoint that is gone on from exactly.

    python examples/train_plain.py medquad path/to/tokenizer.json --steps 60 --checkpoint run.pt

The same line with more steps goes on where that run stood. The model is a tiny one, made here; yours goes in its place.
"""

import argparse
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

import registry


def main() -> list[float]:
    """Train; the loss of each step of this run."""
    parser = argparse.ArgumentParser(description="Train a tiny model in plain PyTorch.")
    parser.add_argument("dataset", help="slug, alias or hf:owner/name")
    parser.add_argument("tokenizer", help="Hub id, folder or path of a tokenizer.json")
    parser.add_argument("--split", default="train")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=8, help="packs, or rows where the layout is another")
    parser.add_argument("--layout", choices=["padded", "packed", "varlen"], default="packed")
    parser.add_argument("--checkpoint", type=Path, help="written at the end, and gone on from where it is there")
    options = parser.parse_args()

    tokens = registry.load(options.dataset, options.split, tokenizer=options.tokenizer, max_length=512)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batches = tokens.batches(options.batch_size, layout=options.layout, device=device, shuffle=True, seed=0)

    torch.manual_seed(0)
    vocabulary = tokens.manifest["tokenizer"]["vocabulary"]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4
    )
    model = LlamaForCausalLM(config).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    done, losses, parts = 0, [], {"model": model, "optimizer": optimizer, "batches": batches}
    if options.checkpoint and options.checkpoint.exists():
        state = torch.load(options.checkpoint, weights_only=True)
        done = state["done"]
        for name, part in parts.items():
            part.load_state_dict(state[name])

    while done < options.steps and len(batches):
        for batch in batches:  # one epoch, or what is left of it
            loss = model(**inputs(batch), use_cache=False).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            done += 1
            if done % 10 == 0:
                print(f"step {done}  loss {sum(losses[-10:]) / len(losses[-10:]):.3f}")
            if done == options.steps:
                break
    if options.checkpoint:
        torch.save({"done": done} | {name: part.state_dict() for name, part in parts.items()}, options.checkpoint)
    return losses


def inputs(batch: dict) -> dict:
    """A batch as models of transformers take it.

    They keep rows that share a sequence apart by `position_ids`, but only without an attention_mask and with
    `use_cache=False`; flash attention does so by where each row begins in the flattened batch.
    """
    if "attention_mask" in batch:
        return batch
    matrices = {name: batch[name].view(-1, batch[name].shape[-1]) for name in ("input_ids", "labels", "position_ids")}
    starts, longest = batch["cu_seqlens"], batch["max_seqlen"]
    flash = {"cu_seq_lens_q": starts, "cu_seq_lens_k": starts, "max_length_q": longest, "max_length_k": longest}
    return matrices | flash


if __name__ == "__main__":
    losses = main()

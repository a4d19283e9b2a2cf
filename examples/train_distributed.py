"""Training in several processes with PyTorch alone: each takes its own share of every step.

    torchrun --nproc_per_node 2 examples/train_distributed.py medquad path/to/tokenizer.json --steps 60

A step takes as many packs, and the same ones, for any number of processes that divides --packs, and its loss is the
mean over the tokens of all of them: the losses are those of one process. The model is a tiny one, made here.
"""

import argparse
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from transformers import LlamaConfig, LlamaForCausalLM

import registry
from loaders.tokens import IGNORED


def main() -> None:
    """Train; the first process prints the loss of each step."""
    parser = argparse.ArgumentParser(description="Train a tiny model in several processes.")
    parser.add_argument("dataset", help="slug, alias or hf:owner/name")
    parser.add_argument("tokenizer", help="Hub id, folder or path of a tokenizer.json")
    parser.add_argument("--split", default="train")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--packs", type=int, default=8, help="packs of a step, of all processes together")
    options = parser.parse_args()

    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    dist.init_process_group("nccl" if on_gpu else "gloo")

    tokens = registry.load(options.dataset, options.split, tokenizer=options.tokenizer, max_length=512)
    # drop_last: a process that had one batch fewer would leave the others waiting.
    share = {"rank": rank, "world_size": world, "drop_last": True}
    batches = tokens.batches(options.packs // world, layout="packed", device=device, shuffle=True, **share)

    if not len(batches):
        raise SystemExit(f"there are {len(tokens.plan)} packs, which is less than one step takes")

    torch.manual_seed(0)
    vocabulary = tokens.manifest["tokenizer"]["vocabulary"]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4
    )
    model = DistributedDataParallel(LlamaForCausalLM(config).to(device))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    done = 0
    while done < options.steps:
        for batch in batches:
            # Rows of a pack are kept apart by position_ids, without an attention_mask and with use_cache=False.
            names = ("input_ids", "position_ids")
            logits = model(**{name: batch[name] for name in names}, use_cache=False).logits
            labels = batch["labels"][:, 1:].flatten()
            loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels, reduction="sum")
            learned = (labels != IGNORED).sum()
            dist.all_reduce(learned)
            loss = loss / learned
            (loss * world).backward()  # the gradients of the processes are averaged
            optimizer.step()
            optimizer.zero_grad()
            done += 1
            told = loss.detach()
            dist.all_reduce(told)
            if rank == 0:
                print(f"step {done}  loss {told.item():.4f}")
            if done == options.steps:
                break
    dist.destroy_process_group()


if __name__ == "__main__":
    main()

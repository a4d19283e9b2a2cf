"""From a source's files to the `load` block that reads them: what files, columns and values tell, no blind guess."""

from loaders.recognise.guess import BELIEVED, Guess
from loaders.recognise.origins import recognised
from loaders.recognise.recognise import recognise

__all__ = ["BELIEVED", "Guess", "recognise", "recognised"]

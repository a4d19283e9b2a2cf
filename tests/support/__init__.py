"""What tests share: real servers, a real browser, made-up cards."""

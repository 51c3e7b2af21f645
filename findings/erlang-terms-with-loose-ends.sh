#!/usr/bin/env bash
# Erlang: binary_to_term takes bytes behind the term, and reads other bytes to the same term, also with [safe].
#
# Expected: a payload that is not exactly one term is refused with badarg, as a truncated one is; equal terms came from
#   equal bytes or from a known few (lists of bytes).
# Happens: what follows the term is ignored; a list of no elements with the tail 7 is the integer 7; zero with a minus
#   sign is 0; bits beyond the end of a bit string are ignored. A map with a key twice is refused, though.
# Hurts: peers that hash, sign or compare payloads beside Erlang ones, and codecs in other languages that are strict:
#   two sides disagree about which payloads are valid and which are the same. Ask for [used] and compare it with the size.
# Seen with erlang-base 25.2.3 (Debian 12).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; chmod 755 .
deb='erlang-base=1:25.2.3+dfsg-1+deb12u4'
{ apt-get download $deb || { apt-get update && apt-get download $deb; }; } >/dev/null 2>&1 # Debian 12
dpkg -x erlang-base_*.deb root
export ROOTDIR=$dir/root/usr/lib/erlang BINDIR=$dir/root/usr/lib/erlang/erts-13.1.5/bin EMU=beam PROGNAME=erl
cat > run.erl <<'ERL'
Read = fun(Bytes) -> try binary_to_term(Bytes, [safe]) catch error:Why -> Why end end,
Seen = [Read(<<131, 97, 1, "more">>), Read(<<131, 97>>), Read(<<131, 108, 0:32, 97, 7>>), Read(<<131, 110, 1, 1, 0>>),
  Read(<<131, 77, 1:32, 3, 2#10111111>>) =:= Read(<<131, 77, 1:32, 3, 2#10100000>>),
  Read(<<131, 116, 2:32, 97, 1, 97, 1, 97, 1, 97, 2>>)],
io:format("bytes behind, truncated, list of none with tail 7, minus 0, loose bits equal, key twice:~n~p~n", [Seen]),
Same = Seen =:= [1, badarg, 7, 0, true, badarg],
io:format("~s~n", [case Same of true -> "As seen: all but the truncated term and the key that comes twice is taken."; false -> "CHANGED" end]),
halt(case Same of true -> 0; false -> 1 end).
ERL
timeout 60 "$BINDIR/erlexec" -noshell -noinput -boot "$ROOTDIR/bin/start_clean" -eval "$(cat run.erl)"

#!/usr/bin/env escript
%% Writes the golden bytes of the BERT tests, made by Erlang itself. From the root of the project, with Erlang/OTP 25 or older, whose
%% term_to_binary still sends atoms as ATOM_EXT:
%%   escript test/protocol/golden/make.escript docs/protocol/flows.md > test/protocol/golden/golden.jsonl
%% A line of the output: {"set":"flow","name":"<section>.<n>","source":"<Erlang>","hex":"<bytes>"}; set "term": one term in Service.data.
%% Needs nothing but Erlang; the tests need only its output.

-mode(compile).

main([Flows]) ->
    {ok, Text} = file:read_file(Flows),
    Sections = tl(string:split(binary_to_list(Text), "\n## ", all)),
    [flows(Section) || Section <- Sections],
    [emit("term", Name, Source, Bytes) || {Name, Source, Bytes} <- terms()].

%% --- tuples of flows.md ---

flows([Digit, $. | _] = Section) when Digit >= $1, Digit =< $7 ->
    Lines = code_lines(string:split(Section, "\n", all), false, []),
    Bindings = defined(Lines, base()),
    Found = lists:usort([Source || Line <- Lines, Source <- tuples(Line, [])]),
    Evaluated = [{Source, evaluate(Source, Bindings)} || Source <- Found],
    Good = [{Source, Term} || {Source, {ok, Term}} <- Evaluated, is_record_tuple(Term)],
    [emit("flow", [Digit, $. | integer_to_list(N)], Source, term_to_binary(Term)) || {N, {Source, Term}} <- lists:enumerate(Good)];
flows(_) -> ok.

code_lines(["```" ++ _ | Rest], Inside, Lines) -> code_lines(Rest, not Inside, Lines);
code_lines([Line | Rest], true, Lines) -> code_lines(Rest, true, [Line | Lines]);
code_lines([_ | Rest], false, Lines) -> code_lines(Rest, false, Lines);
code_lines([], _, Lines) -> lists:reverse(Lines).

%% the outermost {…} of a line
tuples([${ | _] = Line, Found) ->
    case balanced(Line, 0, false, []) of
        {Source, Rest} -> tuples(Rest, [Source | Found]);
        none -> tuples(tl(Line), Found)
    end;
tuples([_ | Rest], Found) -> tuples(Rest, Found);
tuples([], Found) -> Found.

balanced([$\\, C | Rest], Depth, true, Seen) -> balanced(Rest, Depth, true, [C, $\\ | Seen]);
balanced([$" | Rest], Depth, InText, Seen) -> balanced(Rest, Depth, not InText, [$" | Seen]);
balanced([${ | Rest], Depth, false, Seen) -> balanced(Rest, Depth + 1, false, [${ | Seen]);
balanced([$} | Rest], 1, false, Seen) -> {lists:reverse([$} | Seen]), Rest};
balanced([$} | Rest], Depth, false, Seen) -> balanced(Rest, Depth - 1, false, [$} | Seen]);
balanced([C | Rest], Depth, InText, Seen) -> balanced(Rest, Depth, InText, [C | Seen]);
balanced([], _, _, _) -> none.

is_record_tuple(Term) when is_tuple(Term) -> not lists:member(element(1, Term), [ok, added]);
is_record_tuple(_) -> false.

%% What the flows abbreviate. Times are any, but beyond 32 bits as real ones are.
base() ->
    T = 1790000000000,
    [{'PA', <<"380670001234_12525">>}, {'PB', <<"380670002234_12334">>}, {'PC', <<"380670003234_12777">>},
     {'K', {p2p, <<"380670001234_12525">>, <<"380670002234_12334">>}}, {'R', {muc, <<"r1">>}},
     {'T', T}, {'T1', T + 1}, {'T2', T + 2}, {'T3', T + 3}, {'T4', T + 4}, {'T5', T + 5},
     {'D', fun(X) -> {'Desc', <<"d">>, <<"text">>, X, 0, [], []} end}].

%% Definitions such as `NA = {…}`, in whatever order they come, and those the flows put in words ("NC likewise with id 3").
defined(Lines, Bindings) ->
    Sources = ["SA = {'Contact',PA,[],[],[],[],[],[],0,0,[],0,[],offline,friend}" | Lines],
    Defined = lists:foldl(fun define/2, Bindings, Sources),
    In = lists:foldl(fun in_words/2, Defined, ['MC', 'NC', 'NB2', 'S2', 'M201', 'M190']),
    case length(In) > length(Bindings) of
        true -> defined(Lines, In);
        false -> In
    end.

define(Line, Bindings) ->
    case re:run(Line, "\\b([A-Z][A-Z0-9]*) = (\\{.*)$", [{capture, all_but_first, list}]) of
        {match, [Name, Rest]} ->
            case balanced(Rest, 0, false, []) of
                {Source, _} -> bind(list_to_atom(Name), evaluate(Source, Bindings), Bindings);
                none -> Bindings
            end;
        nomatch -> Bindings
    end.

bind(Name, {ok, Value}, Bindings) ->
    case lists:keymember(Name, 1, Bindings) of
        true -> Bindings;
        false -> [{Name, Value} | Bindings]
    end;
bind(_, _, Bindings) -> Bindings.

in_words('MC', B) -> from('MB', 'MC', fun(M) -> setelement(9, M, <<"380670003234_12777">>) end, B);
in_words('NC', B) -> from('NB', 'NC', fun(M) -> setelement(9, setelement(2, M, 3), <<"380670003234_12777">>) end, B);
in_words('NB2', B) -> from('NB', 'NB2', fun(M) -> setelement(19, M, admin) end, B);
in_words('S2', B) -> from('S1', 'S2', fun(M) -> setelement(2, M, 202) end, B);
in_words('M201', B) -> from('S1', 'M201', fun(M) -> setelement(15, setelement(2, M, 201), sent) end, B);
in_words('M190', B) ->
    D = proplists:get_value('D', B),
    bind('M190', {ok, {'Message', 190, chain, proplists:get_value('K', B), 189, [], <<"B1-9">>, proplists:get_value('PB', B),
         proplists:get_value('PA', B), proplists:get_value('T', B), [D(<<"hey">>)], [], [], [], sent}}, B).

from(Known, Name, Change, Bindings) ->
    case lists:keyfind(Known, 1, Bindings) of
        {_, Value} when tuple_size(Value) =:= 19; tuple_size(Value) =:= 15 -> bind(Name, {ok, Change(Value)}, Bindings);
        _ -> Bindings
    end.

evaluate(Source, Bindings) ->
    try
        {ok, Tokens, _} = erl_scan:string(Source ++ "."),
        {ok, Exprs} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Exprs, maps:from_list(Bindings)),
        {ok, Value}
    catch _:_ -> unknown
    end.

%% --- one of every kind of term ---

terms() ->
    Sources =
        ["0", "255", "256", "-1", "2147483647", "-2147483648", "2147483648", "-2147483649", "9007199254740991", "9007199254740992",
         "-9007199254740991", "-9007199254740992", "1 bsl 64", "-(1 bsl 64)", "(1 bsl 2040) - 1", "1 bsl 2047", "1 bsl 4096",
         "0.0", "1.5", "-2.0", "1.0e300", "5.0e-324", "[]", "[1,2,3]", "[1,256]", "[a|b]", "[a,b|{c}]", "\"text\"", "<<>>",
         "<<\"latin\">>", "<<\"\xD0\x9F\xD1\x80\xD0\xB8\"/utf8>>", "<<255,254>>", "<<1:3>>", "{}", "{a,1,<<\"x\">>,[]}", "{{{}}}",
         "list_to_tuple(lists:seq(1,300))", "lists:seq(1,1000)", "atom", "'with space'", "''", "true", "undefined",
         "list_to_atom([233])", "list_to_atom([1087,1088])", "list_to_atom(lists:duplicate(255,$a))", "#{}", "#{a => 1}",
         "self()", "make_ref()", "fun erlang:self/0", "fun(X) -> X end"],
    Plain = [{S, S, term_to_binary(service(S))} || S <- Sources],
    Older = [{"minor version 0: " ++ S, S, term_to_binary(service(S), [{minor_version, 0}])} || S <- ["1.5", "-2.0", "1.0e300"]],
    Newer = [{"minor version 2: " ++ S, S, term_to_binary(service(S), [{minor_version, 2}])} || S <- ["atom", "list_to_atom([233])"]],
    Packed = [{"compressed", "lists:duplicate(500, a)", term_to_binary(service("lists:duplicate(500, a)"), [compressed])}],
    Plain ++ Older ++ Newer ++ Packed.

service(Source) ->
    {ok, Value} = evaluate(Source, []),
    {'Service', [], [], Value, [], [], [], []}.

emit(Set, Name, Source, Bytes) ->
    Hex = [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes],
    io:format("{\"set\":\"~s\",\"name\":\"~s\",\"source\":\"~s\",\"hex\":\"~s\"}~n", [Set, quoted(Name), quoted(Source), Hex]).

quoted(Text) -> lists:flatmap(fun($") -> "\\\""; ($\\) -> "\\\\"; (C) when C > 126 -> io_lib:format("\\u~4.16.0b", [C]); (C) -> [C] end, Text).

# imap_append_forms.t - limits of APPEND, literal8 and the UTF8 form of its data
# rfc: 7889 APPENDLIMIT
# rfc: 7888 LITERAL+ LITERAL-
# rfc: 3516 BINARY
# covers: IM-01 IM-14 IM-19
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

for my $minus (0, 1) {
    my $i = Halcyon::Test->new(conf => { maxmessagesize => 5000, $minus ? (literalminus => 'yes') : () });
    $i->create_users('alice');
    my $c = $i->imap(user => 'alice');
    my $m = "Subject: x\r\n\r\nbody\r\n";
    my $ask = sub {
        my ($text) = @_;
        $c->send("x1 $text\r\nx2 NOOP\r\n");
        my @got;
        do { push @got, $c->response } until $got[-1] =~ /^x2 /;
        return join "\n", @got;
    };
    my $word = $minus ? 'LITERAL-' : 'LITERAL+';
    my ($caps) = $c->ok('CAPABILITY');
    like($caps, qr/ APPENDLIMIT=5000(?: |\z)/, "$word: APPENDLIMIT");
    like($caps, qr/ \Q$word\E /, $word);
    is(($c->ok('STATUS INBOX (APPENDLIMIT MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 0 APPENDLIMIT 5000)', "$word: STATUS");
    # told before a byte is sent
    $c->send("y1 APPEND INBOX {5001}\r\n");
    like($c->response, qr/^y1 NO \[TOOBIG\]/, "$word: too large, asked");
    my $code = $minus ? 'BAD' : 'NO';           # RFC 7888 5: beyond 4096 bytes it is the literal that is too large
    like($ask->("APPEND INBOX {5001+}\r\n" . 'x' x 5001), qr/^x1 $code \[TOOBIG\].*\nx2 OK/s, "$word: too large, unasked");
    like($ask->("APPEND INBOX {4097+}\r\n" . 'x' x 4097), qr/^x1 BAD \[TOOBIG\].*\nx2 OK/s, "$word: more than may come unasked") if $minus;
    my $most = $minus ? 4096 : 5000;
    like($ask->("APPEND INBOX {$most+}\r\na: b\r\n\r\n" . 'x' x ($most - 8)), qr/^x1 OK \[APPENDUID \d+ 1\]/, "$word: as large as may be");
    # literal8 (RFC 3516 4.4)
    like($ask->("APPEND INBOX ~{20+}\r\n$m"), qr/^x1 OK \[APPENDUID \d+ 2\]/, "$word: literal8");
    like($ask->("APPEND INBOX ~{20+}\r\n" . ($m =~ s/od/\0\0/r)), qr/^x1 NO \[UNKNOWN-CTE\]/, "$word: NUL in a literal8");
    like($ask->("APPEND INBOX {20+}\r\n" . ($m =~ s/od/\0\0/r)), qr/^x1 NO \[CANNOT\]/, "$word: NUL in a literal");
    $c->send("z1 APPEND INBOX ~{20}\r\n");
    like($c->response, qr/^\+/, "$word: literal8, asked");
    $c->send("$m\r\n");
    like($c->response, qr/^z1 OK/, "$word: literal8, stored");
    # UTF8 (literal8) (RFC 6855 4)
    my $utf8 = "Subject: gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n";
    like($ask->('APPEND INBOX (\Seen) UTF8 (~{' . length($utf8) . "+}\r\n$utf8)"), qr/^x1 OK \[APPENDUID \d+ 4\]/, "$word: UTF8 form");
    like($ask->('APPEND INBOX UTF8 ({' . length($utf8) . "+}\r\n$utf8)"), qr/^x1 BAD .*\nx2 OK/s, "$word: it takes a literal8");
    like($ask->('APPEND INBOX UTF8 (~{' . length($utf8) . "+}\r\n$utf8"), qr/^x1 BAD .*\nx2 OK/s, "$word: no parenthesis behind");
    like($ask->('APPEND INBOX UTF8 ~{' . length($utf8) . "+}\r\n$utf8"), qr/^x1 BAD .*\nx2 OK/s, "$word: no parenthesis before");
    like(($c->ok('STATUS INBOX (MESSAGES)'))[0], qr/MESSAGES 4\)/, "$word: stored is what was acknowledged");
    # above all bounds: the connection ends
    $c->send("w1 APPEND INBOX {4000000000+}\r\n");
    my @end;
    eval { push @end, $c->response while 1 };
    ok((grep { /^\* BYE \[TOOBIG\]/ } @end), "$word: far too large: BYE") or diag "@end";
    $i->stop;
    is($i->faults, '', 'no process reported a fault');
}

# no limit configured: ours is told
my $i = Halcyon::Test->new;
my $c = $i->imap(user => 'cyrus');
like(($c->ok('CAPABILITY'))[0], qr/ APPENDLIMIT=104857600(?: |\z)/, 'the limit that holds without maxmessagesize');
$i->stop;
done_testing();

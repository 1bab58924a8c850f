#!/usr/bin/perl
# rfc: 5524 URLAUTH=BINARY
# imap_urlauth_binary.t - URLFETCH of decoded parts and their structure: what is asked for, rights, limits
# covers: IM-10
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $host = 'mail.example.org';
my $inner = "Subject: in\r\nContent-Type: text/plain\r\n\r\ninner\r\nlines\r\n";
my $long = 'x' x 3000;
my $message = join "\r\n", 'Subject: s', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '',
    '--b', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable', '', 'caf=C3=A9', 'two=', ' lines', '',
    '--b', 'Content-Type: application/octet-stream; name="a )(b"', 'Content-Transfer-Encoding: base64', 'Content-Description: "' . $long . '"', '', 'AGFiYw0K',
    '--b', 'Content-Type: image/x', 'Content-Transfer-Encoding: x-odd', '', 'zzz',
    '--b', 'Content-Type: message/rfc822', '', $inner . '--b', 'Content-Type: multipart/alternative; boundary=c', '', '--c', '', 'alt', '--c', 'Content-Transfer-Encoding: base64', '', 'YWx0', '--c--', '', '--b--', '';

for my $set ({}, { altnamespace => 'yes', unixhierarchysep => 'yes' }) {
    my $i = Halcyon::Test->new(conf => { servername => $host, %$set });
    my ($mine, $other) = %$set ? ('Work', 'Other%20Users/alice/Work') : ('INBOX.Work', 'user.alice.Work');
    $i->create_users(qw(alice bob));
    my ($c, $b) = map { $i->imap(user => $_) } qw(alice bob);
    like(join(' ', $c->ok('CAPABILITY')), qr/ URLAUTH=BINARY(?: |\z)/, 'advertised');
    $c->ok("CREATE $mine");
    $c->ok("APPEND $mine ", \$message);
    $c->ok("SELECT $mine");
    my $gen = sub {
        my ($section, $who, $path, $more) = @_;
        my $u = 'imap://' . ($who // 'alice') . "\@$host/" . ($path // $mine) . '/;UID=1' . ($section ? "/;SECTION=$section" : '') . ($more // '') . ';URLAUTH=anonymous';
        my ($line) = grep { /GENURLAUTH/ } (($who // '') eq 'bob' ? $b : $c)->ok("GENURLAUTH \"$u\" INTERNAL");
        return $line =~ /"([^"]+)"|\{\d+\}\r\n(\S+)/ ? $1 // $2 : die $line;        # a literal for "%"
    };
    my $get = sub {
        my ($url, $what, $from) = @_;
        my $r = ($from // $b)->cmd("URLFETCH (\"$url\"" . ($what ? " $what" : '') . ')');
        my $t = join '|', @{ $r->{untagged} }, $r->{status};
        $t =~ s/^\* URLFETCH (?:"\Q$url\E"|\{\d+\}\r\n\Q$url\E) //;
        return $t;
    };
    my $one = $gen->(1);
    is($get->($one, 'BODY'), "(BODY {25}\r\ncaf=C3=A9\r\ntwo=\r\n lines\r\n)|OK", 'BODY: as it is') or diag $get->($one, 'BODY');
    is($get->($one, ''), "{25}\r\ncaf=C3=A9\r\ntwo=\r\n lines\r\n|OK", 'nothing named: as without parentheses');
    is($get->($one, 'BINARY'), "(BINARY {18}\r\ncaf\xc3\xa9\r\ntwo lines\r\n)|OK", 'BINARY: decoded');
    is($get->($one, 'bodypartstructure'), '(BODYPARTSTRUCTURE ("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 25 3 NIL NIL NIL NIL))|OK', 'BODYPARTSTRUCTURE');
    is($get->($one, 'BODYPARTSTRUCTURE BODY'), "(BODYPARTSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"QUOTED-PRINTABLE\" 25 3 NIL NIL NIL NIL)) (BODY {25}\r\ncaf=C3=A9\r\ntwo=\r\n lines\r\n)|OK", 'with the bytes');
    is($get->($one, 'BINARY BODYPARTSTRUCTURE'), "(BODYPARTSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"8BIT\" 18 2 NIL NIL NIL NIL)) (BINARY {18}\r\ncaf\xc3\xa9\r\ntwo lines\r\n)|OK", 'of the decoded bytes');
    my $two = $gen->(2);
    is($get->($two, 'BINARY'), "(BINARY ~{6}\r\n\0abc\r\n)|OK", 'literal8 for NUL');
    like($get->($two, 'BODYPARTSTRUCTURE BINARY'), qr/^\(BODYPARTSTRUCTURE \("APPLICATION" "OCTET-STREAM" \("NAME" "a \)\(b"\) NIL \{\d+\}\r\n"?x{3000}"? "BINARY" 6 NIL NIL NIL NIL\)\) \(BINARY ~\{6\}/s, 'parentheses in strings, literals') or diag substr $get->($two, 'BODYPARTSTRUCTURE BINARY'), 0, 200;
    my $three = $gen->(3);
    is($get->($three, 'BINARY'), '(BINARY NIL)|OK', 'an encoding that nobody knows');
    is($get->($three, 'BODY'), "(BODY {3}\r\nzzz)|OK", 'its bytes are there');
    like($get->($gen->(4), 'BODYPARTSTRUCTURE'), qr/^\(BODYPARTSTRUCTURE \("MESSAGE" "RFC822" NIL NIL NIL "7BIT" \d+ \(NIL "in" .*\("TEXT" "PLAIN"/, 'a message');
    like($get->($gen->('4.1'), 'BODYPARTSTRUCTURE BINARY'), qr/^\(BODYPARTSTRUCTURE \("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 1 NIL NIL NIL NIL\)\) \(BINARY \{12\}\r\ninner\r\nlines\)/, 'a part of it');
    like($get->($gen->('4.TEXT'), 'BODYPARTSTRUCTURE'), qr/^\(BODYPARTSTRUCTURE \("TEXT" "PLAIN"/, 'the body of it');
    like($get->($gen->(5), 'BODYPARTSTRUCTURE'), qr/^\(BODYPARTSTRUCTURE \(\("TEXT".*"ALTERNATIVE" /, 'a multipart');
    is($get->($gen->('5.2'), 'BODYPARTSTRUCTURE BINARY'), "(BODYPARTSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 3 0 NIL NIL NIL NIL)) (BINARY {3}\r\nalt)|OK", 'the last part');
    my $whole = $gen->('');
    like($get->($whole, 'BODYPARTSTRUCTURE'), qr/^\(BODYPARTSTRUCTURE \("MESSAGE" "RFC822" NIL NIL NIL "7BIT" @{[length $message]} \(NIL "s" .*"MIXED" .* @{[scalar(() = $message =~ m{\n}g)]} NIL NIL NIL NIL\)\)\|OK/s, 'the message itself');
    is($get->($whole, 'BINARY'), "(BINARY {@{[length $message]}}\r\n$message)|OK", 'its bytes');
    is($get->($gen->('1', 'alice', $mine, '/;PARTIAL=3.4'), 'BINARY'), "(BINARY {4}\r\n\xc3\xa9\r\n)|OK", 'a stretch of the decoded bytes');
    is($get->($gen->($_), 'BINARY'), 'NIL|OK', "BINARY of $_") for 'HEADER', '1.MIME', '4.HEADER', 'TEXT', '9';
    like($get->($gen->('HEADER'), 'BODY'), qr/^\(BODY \{\d+\}\r\nSubject: s/, 'BODY of a header');
    is($get->($gen->('9'), 'BODYPARTSTRUCTURE'), 'NIL|OK', 'no such part');
    is($get->('foo', 'BODY'), 'NIL|OK', 'no URL');
    like($get->($one =~ s/.\z/x/r, 'BODYPARTSTRUCTURE'), qr/^NIL\|OK/, 'a forged token tells nothing of the structure');
    my $r = $b->cmd("URLFETCH (\"$two\" BINARY) \"$two\" (\"$three\" BODY)");
    is(join('', @{ $r->{untagged} }), "* URLFETCH \"$two\" (BINARY ~{6}\r\n\0abc\r\n) \"$two\" {8}\r\nAGFiYw0K \"$three\" (BODY {3}\r\nzzz)", 'several');
    for my $bad ("(\"$one\" BODY BINARY)", "(\"$one\" BODY BODY)", "(\"$one\" NOSUCH)", "(\"$one\" (BODY))", '()', "(\"$one\" BODY", "(\"$one\"BODY)", "(\"$one\" BODYPARTSTRUCTURE BODYPARTSTRUCTURE)", "\"$one\" (\"$one\" X)") {
        my $no = $b->cmd("URLFETCH $bad");
        is("$no->{status} @{ $no->{untagged} }", 'BAD ', 'BAD, and nothing is told: ' . $bad =~ s/\Q$one\E/URL/gr);
    }
    # the rights of the owner of the URL count, at the time of use
    $c->ok("SETACL $mine bob lr");
    my $theirs = $gen->('2', 'bob', $other);
    is($get->($theirs, 'BINARY', $c), "(BINARY ~{6}\r\n\0abc\r\n)|OK", 'a URL of a sharee');
    $c->ok("SETACL $mine bob l");
    is($get->($theirs, $_, $c), 'NIL|OK', "his right is gone: $_") for 'BINARY', 'BODYPARTSTRUCTURE';
    # RESETKEY works at once in every session
    is($get->($one, 'BODYPARTSTRUCTURE BINARY') =~ /\|OK\z/ && $get->($one, 'BINARY') ne 'NIL|OK', 1, 'before RESETKEY');
    $c->ok("RESETKEY $mine");
    is($get->($one, $_), 'NIL|OK', "after it: $_") for 'BINARY', 'BODY', 'BODYPARTSTRUCTURE', '';
    is($i->faults, '', 'no fault was found');
    $i->stop;
}
done_testing();

# imap_search_text.t - text in search keys: charsets, decoded headers and bodies, order of cost
# rfc: 3501 IMAP4rev1
# covers: IM-04 IM-05
use strict;
use warnings;
use Encode qw(encode decode);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Halcyon::Spool;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
my $c = $i->imap(user => 'alice');

sub part { my ($type, $encoding, $body) = @_; $body =~ s{(?<!\r)\n}{\r\n}g; return "Content-Type: $type\r\nContent-Transfer-Encoding: $encoding\r\n\r\n$body" }
sub append { my ($head, $rest) = @_; $c->ok('APPEND INBOX ', \"${head}MIME-Version: 1.0\r\n$rest") }
my $koi = encode('KOI8-R', "\x{41f}\x{440}\x{438}\x{432}\x{435}\x{442} \x{43c}\x{438}\x{440}");       # Privet mir
append("Subject: =?koi8-r?b?" . encode_base64($koi, '') . "?=\r\nFrom: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <jm\@example.org>\r\nMessage-ID: <one\@x>\r\n", part('text/plain; charset=koi8-r', 'base64', encode_base64("body $koi")));
append("Subject: plain\r\nTo: \"Quoted, Name\" <q\@example.org>\r\nX-Mine: =?iso-8859-1?q?=E9t=E9?=\r\nList-Id: <dev.example.org>\r\n", part('text/html; charset=utf-8', 'quoted-printable', "<p>Gr=C3=BC=C3=9Fe <b>fett</b><!-- hidden --><script>script</script></p>\r\n"));
append("Subject: folded\r\n subject\r\nCc: c\@example.org\r\nBcc: b\@example.org\r\nDate: Mon, 02 Jan 2023 10:00:00 +0000\r\n", part('multipart/mixed; boundary=b', '7bit',
    "--b\r\n" . part('text/plain; charset=iso-2022-jp', '7bit', encode('iso-2022-jp', "\x{65e5}\x{672c}\x{8a9e}")) . "\r\n--b\r\n" . part('application/octet-stream', 'base64', encode_base64('binaryword')) . "\r\n--b\r\n" . part('message/rfc822', '7bit', "Subject: inner\r\n\r\ninnerbody\r\n") . "\r\n--b--\r\n"));
append("Subject: \r\n", part('text/plain; charset=x-unknown', '8bit', "raw words\r\n"));
$c->ok('SELECT INBOX');

sub found { my ($l) = grep { /^\* SEARCH/ } $c->ok('SEARCH ', @_); return $l =~ s/^\* SEARCH ?//r }
# A key with its text as a literal.
sub text { my ($charset, $key, $text) = @_; my $bytes = encode($charset, $text); return found("CHARSET $charset $key ", \$bytes) }
my ($mir, $gruesse, $nihon) = ("\x{43c}\x{418}\x{440}", "GR\x{dc}SSE", "\x{672c}\x{8a9e}");
is(text($_, 'SUBJECT', $mir), '1', "subject asked in $_") for qw(KOI8-R UTF-8 windows-1251 iso-8859-5);
is(text($_, 'BODY', $mir), '1', "base64 body asked in $_") for qw(KOI8-R UTF-8 cp866);
is(text($_, 'BODY', $gruesse), '2', "quoted-printable HTML asked in $_") for qw(UTF-8 iso-8859-1 iso-8859-15 windows-1252);
is(text($_, 'BODY', $nihon), '3', "ISO-2022-JP part asked in $_") for qw(UTF-8 Shift_JIS EUC-JP iso-2022-jp);
is(text('UTF-8', 'FROM', "j\x{fc}rgen"), '1', 'encoded word in an address');
is(found('FROM jurgen'), '1', '... without its diacritic (search_skipdiacrit)');
is(text('UTF-8', 'HEADER X-Mine', "\x{c9}T\x{c9}"), '2', 'a header of one\'s own');
is(text('UTF-8', 'TEXT', "\x{e9}t\x{e9}"), '2', 'TEXT looks at headers');
is(found('BODY ete'), '', 'BODY does not');
is(found('BODY fett'), '2', 'visible text');
is(found('BODY script'), '', 'not scripts');
is(found('BODY hidden'), '', 'not comments');
is(found('BODY binaryword'), '', 'not what is no text');
is(found('BODY innerbody'), '3', 'a message within');
is(found('BODY inner'), '3', '... and its header');
is(found('BODY "raw words"'), '4', 'an unknown charset');
is(found('SUBJECT "folded subject"'), '3', 'unfolded');
is(found('SUBJECT ""'), '1 2 3 4', 'empty text is in every subject');
is(found('HEADER Subject ""'), '1 2 3 4', 'the field is there');
is(found('HEADER X-Nope ""'), '', 'the field is not there');
is(found('HEADER List-Id dev'), '2', 'a cached header');
is(found('HEADER Message-ID "<ONE@x>"'), '1', 'Message-ID, any case');
is(found('HEADER To "Quoted, Name"'), '2', 'To as written');
is(found('OR HEADER List-Id dev OR HEADER Message-ID one HEADER X-Mine ""'), '1 2', 'several header fields at once');
is(found('OR HEADER List-Id dev HEADER X-Mine ""'), '2', '... and again');
is(found('HEADER List-Id DEV'), '2', '... and alone');
is(found('HEADER Bcc b@'), '3', 'Bcc as written');
is(found('BCC b@example'), '3', 'BCC');
is(found('CC C@EXAMPLE'), '3', 'CC');
is(found('OR SUBJECT plain CC c@'), '2 3', 'OR');
is(found('NOT SUBJECT plain NOT BODY innerbody'), '1 4', 'NOT');
my $long = 'x' x 70000;
is(found('BODY ', \$long), '', 'a long needle');
for my $bad ('X-NOSUCH', 'x' x 300) {
    my $r = $c->cmd("SEARCH CHARSET $bad SUBJECT x");
    is($r->{status}, 'NO', 'unknown charset');
    like($r->{text}, qr/^\[BADCHARSET \(US-ASCII UTF-8\)\]/, '... names what may be used');
}
is(found('CHARSET us-ascii SUBJECT plain'), '2', 'US-ASCII');
is($c->cmd('SEARCH CHARSET')->{status}, 'BAD', 'no charset');
is($c->cmd('SEARCH CHARSET UTF-8')->{status}, 'BAD', 'no key');

# ---- cost: with the message files away only what needs them fails to match
my ($dir) = grep { -f "$_/1." } Halcyon::Spool::mailbox_dirs($i);
my @keys = ('SUBJECT plain', 'OR FLAGGED SUBJECT plain', 'BODY fett SUBJECT nosuch', 'NOT (BODY innerbody SUBJECT nosuch)', 'OR SUBJECT plain (FLAGGED BODY x)', 'HEADER Message-ID one', 'HEADER In-Reply-To ""', 'HEADER List-Id dev', 'HEADER Date 2023',
    'SENTON 2-Jan-2023', 'LARGER 1 FROM jm TO ""', 'UNSEEN TEXT x UID 99');
my %want = map { $_ => found($_) } @keys;
rename $_, "$_.away" for glob "$dir/[0-9]*.";
is(found($_), $want{$_}, "no file is needed: $_") for @keys;
is(found('BODY fett'), '', '(they are away)');
$i->stop;
is($i->faults, '', 'no fault');

# ---- what counts as the same text is configured
for my $row ([ { search_skipdiacrit => 'no' }, 'SUBJECT', "\x{e9}t\x{e9}", '1' ], [ { search_skipdiacrit => 'no' }, 'SUBJECT', 'ete', '' ], [ {}, 'SUBJECT', 'ete', '1' ],
             [ { search_whitespace => 'skip' }, 'BODY', 'twowords', '1' ], [ { search_whitespace => 'keep' }, 'BODY', 'two words', '' ], [ {}, 'BODY', 'two words', '1' ],
             [ { search_skiphtml => 'yes' }, 'BODY', 'markup', '' ], [ {}, 'BODY', 'markup', '2' ]) {
    my ($conf, $key, $text, $hits) = @$row;
    my $j = Halcyon::Test->new(conf => $conf);
    $j->create_users('alice');
    $c = $j->imap(user => 'alice');
    append("Subject: =?utf-8?q?=C3=89t=C3=A9?=\r\n", part('text/plain; charset=us-ascii', '7bit', "two  words\r\n"));
    append("Subject: html\r\n", part('text/html', '7bit', "<p>markup</p>\r\n"));
    $c->ok('SELECT INBOX');
    is(text('UTF-8', $key, $text), $hits, join ' ', %$conf, $key, encode('UTF-8', $text));
    $j->stop;
}
done_testing;

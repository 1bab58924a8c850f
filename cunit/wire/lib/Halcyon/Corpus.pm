package Halcyon::Corpus;
# Halcyon::Corpus - messages to test with: real ones when they are there, else 310 made ones
#
#   for my $m (Halcyon::Corpus::load()) { $m->{name}, $m->{bytes} }      # bytes have CRLF line ends
#
# Real mail is taken from $HALCYON_MAIL_DIR, else from shared/data/mail beside the checkout: one
# message per file, at any depth.  The made messages depend on nothing but their number, so a
# failure can be repeated; every 31 in a row hold one of each kind below.
use strict;
use warnings;
use File::Find ();
use MIME::Base64 qw(encode_base64);

use constant MADE => 310;

sub load {
    my $dir = $ENV{HALCYON_MAIL_DIR} || "$Halcyon::Test::Source/../shared/data/mail";
    return -d $dir ? real($dir) : map { made($_) } 1 .. MADE;
}

sub real {
    my ($dir) = @_;
    my @files;
    File::Find::find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !/README/ } }, $dir);
    return map {
        open my $fh, '<:raw', $_ or die "$_: $!";
        local $/;
        my $bytes = <$fh>;
        (my $name = $_) =~ s{^\Q$dir\E/*}{};
        { name => $name, bytes => crlf($bytes) };
    } sort @files;
}

# Line ends as they travel; a last line without one gets it.
sub crlf {
    my ($bytes) = @_;
    $bytes =~ s/\r?\n/\r\n/g;
    $bytes .= "\r\n" unless $bytes =~ /\r\n\z/;
    return $bytes;
}

# ---- made messages: one row per kind, called with a small random source and the message's number
my @KINDS = (
    [ 'plain',          sub { text($_[0], 'text/plain; charset=us-ascii', words($_[0], 60)) } ],
    [ 'no-mime',        sub { headers($_[0], $_[1]) . "\n" . words($_[0], 40) } ],
    [ 'empty-body',     sub { headers($_[0], $_[1]) . "\n" } ],
    [ 'header-only',    sub { headers($_[0], $_[1]) } ],
    [ 'dots',           sub { headers($_[0], $_[1]) . "\n.\n..\n.hidden\n...\nend\n" } ],
    [ 'long-lines',     sub { headers($_[0], $_[1]) . "\n" . ('x' x 900) . "\n" . ('y ' x 480) . "\n" } ],
    [ 'utf8-qp',        sub { text($_[0], 'text/plain; charset=utf-8', "Gr=C3=BC=C3=9Fe aus K=C3=B6ln=\n soft=\n", 'quoted-printable') } ],
    [ 'utf8-8bit',      sub { text($_[0], 'text/plain; charset=utf-8', "Gr\xC3\xBC\xC3\x9Fe \xE2\x82\xAC 5\n", '8bit') } ],
    [ 'latin1-8bit',    sub { text($_[0], 'text/plain; charset=ISO-8859-1', "caf\xE9 na\xEFve\n", '8bit') } ],
    [ 'base64-text',    sub { text($_[0], 'text/plain; charset="utf-8"', encode_base64("Z\xC3\xBCrich " x 30), 'base64') } ],
    [ 'html',           sub { text($_[0], 'text/html; charset=us-ascii', "<html><body><p>" . words($_[0], 20) . "</p></body></html>\n") } ],
    [ 'encoded-words',  sub { headers($_[0], $_[1], Subject => "=?utf-8?B?R3LDvMOfZQ==?= and\n =?iso-8859-1?Q?caf=E9_?=\n =?iso-8859-1?Q?cr=E8me?=",
                              From => '=?utf-8?Q?J=C3=B6rg?= <joerg@example.org>') . "\nx\n" } ],
    [ 'folded',         sub { headers($_[0], $_[1], Subject => "one\n\ttwo\n  three", References => join("\n ", map { "<$_.ref\@example.org>" } 1 .. 12)) . "\nx\n" } ],
    [ 'many-to',        sub { headers($_[0], $_[1], To => join(",\n ", map { "Person $_ <p$_\@example.com>" } 1 .. 40)) . "\nx\n" } ],
    [ 'groups',         sub { headers($_[0], $_[1], To => 'Friends: a@example.org, "B, C" <b@example.org>;, undisclosed-recipients:;', Cc => 'nobody:;') . "\nx\n" } ],
    [ 'odd-addresses',  sub { headers($_[0], $_[1], From => '"Quoted \\"Name\\"" (comment (nested)) <q.n@example.org>',
                              'Reply-To' => '<@route.example,@b.example:user@c.example>', Sender => 'plain', Cc => '"odd local"@example.org, a@[192.0.2.1]') . "\nx\n" } ],
    [ 'bcc-and-reply',  sub { headers($_[0], $_[1], Bcc => 'secret@example.org', 'In-Reply-To' => '<1@example.org>', 'Reply-To' => 'r@example.org') . "\nx\n" } ],
    [ 'no-subject',     sub { headers($_[0], $_[1], Subject => undef) . "\nx\n" } ],
    [ 'empty-headers',  sub { headers($_[0], $_[1], Subject => '', Comments => '', Keywords => ' ') . "\nx\n" } ],
    [ 'repeated',       sub { headers($_[0], $_[1]) . "To: second\@example.org\nReceived: by a.example; Thu, 1 Jan 2015 00:00:00 +0000\nReceived: by b.example; Thu, 1 Jan 2015 00:00:00 +0000\n\nx\n" } ],
    [ 'alternative',    sub { multi($_[0], $_[1], 'alternative', part('text/plain', 'plain'), part('text/html', '<b>html</b>')) } ],
    [ 'mixed',          sub { multi($_[0], $_[1], 'mixed', part('text/plain; charset=us-ascii', words($_[0], 10)),
                              part('application/octet-stream; name="a b.bin"', encode_base64(pack 'N*', map { $_[0]->(1 << 30) } 1 .. 300),
                                   "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"a b.bin\"; size=1200\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n")) } ],
    [ 'nested',         sub { multi($_[0], $_[1], 'mixed', nest($_[0], 4), part('text/plain', 'tail')) } ],
    [ 'forwarded',      sub { multi($_[0], $_[1], 'mixed', part('text/plain', 'see below'),
                              "Content-Type: message/rfc822\nContent-Description: the original\n\n" . headers($_[0], $_[1] + 1000, From => 'Inner <in@example.net>') . "\ninner body\n") } ],
    [ 'digest',         sub { multi($_[0], $_[1], 'digest', map { "\n" . headers($_[0], $_[1] + 2000 + $_) . "\ndigest $_\n" } 1 .. 3) } ],
    [ 'related',        sub { multi($_[0], $_[1], 'related; type="text/html"; start="<root>"', "Content-Type: text/html\nContent-ID: <root>\n\n<img src=cid:i>\n",
                              part('image/png', encode_base64("\x89PNG\r\n\x1a\n" . "\0" x 40), "Content-Transfer-Encoding: base64\nContent-ID: <i>\nContent-Location: i.png\nContent-Language: en, de\nContent-Disposition: inline\n")) } ],
    [ 'rfc2231',        sub { multi($_[0], $_[1], 'mixed', part("text/plain; name*=utf-8''%E2%82%AC.txt", 'x',
                              "Content-Disposition: attachment; filename*0*=utf-8''part%201;\n filename*1=\" and 2.txt\"\n")) } ],
    [ 'unterminated',   sub { my $m = multi($_[0], $_[1], 'mixed', part('text/plain', 'one'), part('text/plain', 'two')); $m =~ s/\n--[^\n]*--\n.*\z/\n/s; $m } ],
    [ 'no-parts',       sub { my $h = headers($_[0], $_[1]); "${h}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"never\"\n\nno boundary line here\n" } ],
    [ 'preamble',       sub { my $m = multi($_[0], $_[1], 'mixed', part('text/plain', '')); $m =~ s/\n\n/\n\nThis is the preamble.\n--not the boundary\n/; "${m}epilogue\n" } ],
    [ 'external',       sub { text($_[0], "message/external-body; access-type=URL;\n URL=\"http://example.org/x\"", "Content-Type: text/plain\n\n(phantom)\n") } ],
);

sub made {
    my ($n) = @_;
    my ($name, $make) = @{ $KINDS[ ($n - 1) % @KINDS ] };
    my $state = ($n * 2654435761) & 0xffffffff;
    my $rand = sub {
        my ($below) = @_;
        $state = ($state * 1664525 + 1013904223) & 0xffffffff;
        return ($state >> 3) % $below;
    };
    our $Number = $n;
    return { name => sprintf('made-%03d-%s', $n, $name), bytes => crlf($make->($rand, $n)) };
}

my @WORDS = qw(mail store quick brown cyrus folder index cache of the and a server reads writes flags never lost
               winter summer message header body part archive when morning letter);

sub words {
    my ($rand, $n) = @_;
    my $text = join ' ', map { $WORDS[ $rand->(scalar @WORDS) ] } 1 .. $n;
    $text =~ s/(.{50}\S*) /$1\n/g;
    return "$text\n";
}

# Standard headers with changes; an undefined value leaves the header out, a new name adds it.
sub headers {
    my ($rand, $n, %change) = @_;
    my @standard = (
        'Return-Path' => undef, From => "Sender $n <s$n\@example.org>", To => 'alice@example.com',
        Subject => "message $n: " . $WORDS[ $rand->(scalar @WORDS) ],
        Date => sprintf('Thu, %d Jan 2015 %02d:%02d:%02d %s', 1 + 7 * $rand->(4), $rand->(24), $rand->(60), $rand->(60), ('+0000', '-0730', '+1245', 'GMT')[ $rand->(4) ]),
        'Message-ID' => "<made.$n\@example.org>",
    );
    my $out = '';
    while (my ($name, $value) = splice @standard, 0, 2) {
        $value = delete $change{$name} if exists $change{$name};
        $out .= "$name: $value\n" if defined $value;
    }
    return $out . join '', map { "$_: $change{$_}\n" } sort keys %change;
}

sub text {
    my ($rand, $type, $body, $encoding) = @_;
    our $Number;
    return headers($rand, $Number) . "MIME-Version: 1.0\nContent-Type: $type\n"
        . ($encoding ? "Content-Transfer-Encoding: $encoding\n" : '') . "\n$body";
}

sub part {
    my ($type, $body, $more) = @_;
    return "Content-Type: $type\n" . ($more // '') . "\n$body\n";
}

sub multi {
    my ($rand, $n, $subtype, @parts) = @_;
    my $boundary = "=_b$n'()+/:?." . $rand->(1000);
    $subtype = "$subtype; boundary=\"$boundary\"";
    $subtype =~ s/^(\w+); (type.*); (boundary.*)/$1; $3; $2/s;
    return headers($rand, $n) . "MIME-Version: 1.0\nContent-Type: multipart/$subtype\n\n"
        . join('', map { "--$boundary\n$_" . ($_ =~ /\n\z/ ? '' : "\n") } @parts) . "--$boundary--\n";
}

sub nest {
    my ($rand, $depth) = @_;
    return part('text/plain', "depth $depth") if !$depth;
    return "Content-Type: multipart/mixed; boundary=n$depth\n\n--n$depth\n" . part('text/plain', "at $depth")
        . "--n$depth\n" . nest($rand, $depth - 1) . "--n$depth--\n";
}

1;

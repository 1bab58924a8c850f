package Model::Mail;
# Model::Mail - messages of a stream: made from a number, with what the model must know of them
use strict;
use warnings;

my @WORDS = qw(apple banana Cherry date elder fig grape hazel);
my @PEOPLE = qw(anna@example.org Bert@example.com carl@example.net dora@example.org);
my @MONTHS = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);

# Everything follows from n.
sub made {
    my ($n) = @_;
    my $r = $n * 7919 % 10007;
    my ($subject, $base) = ($WORDS[ $r % 8 ]) x 2;
    $subject = (qw(Re: Fwd: re:))[ $r % 3 ] . " $subject" if $r % 4 == 0;
    my ($day, $month, $year) = (1 + $r % 28, $r % 12, 2001 + $r % 7);
    my %header = (
        From => $PEOPLE[ $r % 4 ], To => $PEOPLE[ ($r >> 2) % 4 ], Subject => $subject,
        Date => sprintf('%d %s %d %02d:%02d:00 +0000', $day, $MONTHS[$month], $year, $r % 24, $r % 60),
        'Message-ID' => "<m$n\@example.org>",
    );
    my $head = join '', map { "$_: $header{$_}\r\n" } qw(From To Subject Date Message-ID);
    my $text = join '', map { $WORDS[ ($r >> $_) % 8 ] . " line $_ of $n\r\n" } 0 .. $r % 9;
    return {
        n => $n, head => "$head\r\n", text => $text, all => "$head\r\n$text", size => length "$head\r\n$text",
        header => \%header, base => uc $base, sent => sprintf('%04d-%02d-%02d', $year, $month + 1, $day),
        sent_at => sprintf('%04d-%02d-%02d %02d:%02d', $year, $month + 1, $day, $r % 24, $r % 60),
    };
}

# INTERNALDATE for APPEND, from a number; and what sorts and compares as it.
sub date {
    my ($n) = @_;
    return sprintf '%2d-%s-%d %02d:%02d:%02d +0000', 1 + $n % 28, $MONTHS[ $n % 12 ], 2003 + $n % 5, $n % 24, $n % 60, $n % 59;
}

sub day {
    my ($date) = @_;
    my ($d, $m, $y) = $date =~ /^\s*(\d+)-(\w+)-(\d+)/ or return '';
    my ($at) = grep { $MONTHS[$_] eq $m } 0 .. 11;
    return sprintf '%04d-%02d-%02d', $y, $at + 1, $d;
}

sub moment { my ($date) = @_; my ($time) = $date =~ / (\d\d:\d\d:\d\d) /; return day($date) . " $time" }

# "2003-04-05" as SEARCH wants it.
sub search_date { my ($day) = @_; my ($y, $m, $d) = split /-/, $day; return sprintf '%d-%s-%d', $d, $MONTHS[ $m - 1 ], $y }

# Body sections that are asked for.
our @SECTIONS = ('', 'HEADER', 'TEXT', 'HEADER.FIELDS (Subject From)', 'HEADER.FIELDS.NOT (To Date Message-ID)', 'TEXT]<3.20>', ']<0.40>', '1');

sub section {
    my ($mail, $section) = @_;
    my ($from, $n) = $section =~ s/\]<(\d+)(?:\.(\d+))?>\z// ? ($1, $2) : ();
    my $text = $section eq '' ? $mail->{all} : $section eq 'HEADER' ? $mail->{head} : $section =~ /^(?:TEXT|1)\z/ ? $mail->{text}
        : $section =~ /^HEADER\.FIELDS \((.*)\)/ ? fields($mail, 1, split ' ', $1) : $section =~ /^HEADER\.FIELDS\.NOT \((.*)\)/ ? fields($mail, 0, split ' ', $1) : die "section $section";
    return $text unless defined $from;
    return $from >= length $text ? '' : substr $text, $from, $n;
}

sub fields {
    my ($mail, $wanted, @names) = @_;
    my %named = map { lc() => 1 } @names;
    return join('', grep { my ($name) = /^([^:]+)/; !!$named{ lc $name } == !!$wanted } $mail->{head} =~ /^([^\r]+\r\n)/mg) . "\r\n";
}

1;

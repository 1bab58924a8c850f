package Model::Search;
# Model::Search - search programs (RFC 3501 6.4.4, 7162 3.1.5) and sort programs (RFC 5256): made, written, judged
#
# A message that another session has expunged may be found or not, as may one whose modseq nobody was told:
# judgements are 1, 0 or undef.
use strict;
use warnings;
use Model::Mail;
use Model::World;

my @FLAGS = qw(ANSWERED DELETED DRAFT FLAGGED SEEN);
my @TEXTS = ('apple', 'CHERRY', 'line 2', 'anna', 'Re:', 'nowhere', 'e');

sub _pick { return $_[ rand @_ ] }

# A random program: nested lists [ KEY, arguments ].
sub make {
    my ($depth) = @_;
    my $dice = rand;
    return [ 'NOT', make($depth - 1) ] if $depth > 0 && $dice < 0.08;
    return [ 'OR', make($depth - 1), make($depth - 1) ] if $depth > 0 && $dice < 0.16;
    return [ 'AND', map { make($depth - 1) } 1 .. 1 + int rand 3 ] if $depth > 0 && $dice < 0.28;
    return [ 'FLAG', (rand() < 0.5 ? 'UN' : '') . _pick(@FLAGS) ] if $dice < 0.5;
    return [ _pick('KEYWORD', 'UNKEYWORD'), _pick(qw(kw1 KW1 $Label Project-X)) ] if $dice < 0.58;
    return [ _pick('LARGER', 'SMALLER'), 100 + int rand 300 ] if $dice < 0.64;
    return [ _pick('SUBJECT', 'FROM', 'TO', 'BODY', 'TEXT'), _pick(@TEXTS) ] if $dice < 0.74;
    return [ 'HEADER', _pick('Subject', 'message-id', 'X-None'), _pick('', 'apple', '@example') ] if $dice < 0.78;
    return [ _pick(map { ($_, "SENT$_") } 'BEFORE', 'ON', 'SINCE'), sprintf '%04d-%02d-%02d', 2001 + int rand 8, 1 + int rand 12, 1 + int rand 28 ] if $dice < 0.86;
    return [ 'MODSEQ', rand ] if $dice < 0.89;
    return [ 'SET', rand(), rand() ] if $dice < 0.93;
    return [ 'UID', rand(), rand() ] if $dice < 0.96;
    return ['ALL'];
}

sub uses { my ($p, $key) = @_; return $p->[0] eq $key || scalar grep { ref && uses($_, $key) } @$p[ 1 .. $#$p ] }

# Numbers that depend on the mailbox are set when the command is sent.
sub bind {
    my ($p, $view, $modseq) = @_;
    my ($key, @a) = @$p;
    return [ $key, map { ref ? Model::Search::bind($_, $view, $modseq) : $_ } @a ] if $key =~ /^(?:NOT|OR|AND)\z/;
    return [ 'MODSEQ', $modseq->($a[0]) ] if $key eq 'MODSEQ';
    return $p unless $key =~ /^(?:SET|UID)\z/;
    my @list = @{ $view->{list} } or return ['ALL'];
    my ($from, $to) = sort { $a <=> $b } map { int($_ * @list) } @a;
    return [ 'SET', map { $_ + 1 } $from, $to ] if $key eq 'SET';
    return [ 'UID', $list[$from]{uid}, $list[$to]{uid} ];
}

sub text {
    my ($p) = @_;
    my ($key, @a) = @$p;
    return 'NOT ' . text($a[0]) if $key eq 'NOT';
    return 'OR ' . text($a[0]) . ' ' . text($a[1]) if $key eq 'OR';
    return '(' . join(' ', map { text($_) } @a) . ')' if $key eq 'AND';
    return $a[0] if $key eq 'FLAG';
    return "$key " . Model::Mail::search_date($a[0]) if $key =~ /BEFORE|ON\z|SINCE/;
    return "$a[0]:$a[1]" if $key eq 'SET';
    return "UID $a[0]:$a[1]" if $key eq 'UID';
    return join ' ', $key, map { /[^\w\$.-]/ || $_ eq '' ? "\"$_\"" : $_ } @a;
}

my %TEXT_OF = (
    SUBJECT => sub { $_[0]{header}{Subject} }, FROM => sub { $_[0]{header}{From} }, TO => sub { $_[0]{header}{To} },
    BODY => sub { $_[0]{text} }, TEXT => sub { $_[0]{all} },
);
my %DATES = (BEFORE => sub { $_[0] lt $_[1] }, ON => sub { $_[0] eq $_[1] }, SINCE => sub { $_[0] ge $_[1] });

sub _contains { my ($text, $what) = @_; return defined $text && index(lc $text, lc $what) >= 0 ? 1 : 0 }

# Is the entry, number n of the view, found?
sub found {
    my ($p, $view, $e, $n) = @_;
    my ($key, @a) = @$p;
    if ($key eq 'NOT') { my $x = found($a[0], $view, $e, $n); return defined $x ? 1 - $x : undef }
    if ($key eq 'OR' || $key eq 'AND') {
        my $end = $key eq 'OR' ? 1 : 0;
        my @x = map { found($_, $view, $e, $n) } @a;
        return $end if grep { defined && $_ == $end } @x;
        return (grep { !defined } @x) ? undef : 1 - $end;
    }
    return _one($view, $e->{msg}, $e, $n, $key, @a);
}

sub _one {
    my ($view, $msg, $e, $n, $key, @a) = @_;
    my $mail = $msg->{mail};
    return 1 if $key eq 'ALL';
    return $n >= $a[0] && $n <= $a[1] ? 1 : 0 if $key eq 'SET';
    return $e->{uid} >= $a[0] && $e->{uid} <= $a[1] ? 1 : 0 if $key eq 'UID';
    return $mail->{size} > $a[0] ? 1 : 0 if $key eq 'LARGER';
    return $mail->{size} < $a[0] ? 1 : 0 if $key eq 'SMALLER';
    return _contains($TEXT_OF{$key}->($mail), $a[0]) if $TEXT_OF{$key};
    if ($key eq 'HEADER') {
        my ($name) = grep { lc eq lc $a[0] } keys %{ $mail->{header} };
        return defined $name ? _contains($mail->{header}{$name}, $a[1]) : 0;
    }
    return $DATES{$1}->($mail->{sent}, $a[0]) ? 1 : 0 if $key =~ /^SENT(.*)/;
    if ($DATES{$key}) { return defined $msg->{date} ? ($DATES{$key}->(Model::Mail::day($msg->{date}), $a[0]) ? 1 : 0) : undef }
    return undef if $msg->{gone};
    if ($key eq 'MODSEQ') { return defined $msg->{modseq} ? ($msg->{modseq} >= $a[0] ? 1 : 0) : $msg->{floor} >= $a[0] ? 1 : undef }
    my %has = map { $_ => 1 } split ' ', Model::World::flags($view->{box}, $msg, $view->{user});
    return $has{ lc $a[0] } ? 1 : 0 if $key eq 'KEYWORD';
    return $has{ lc $a[0] } ? 0 : 1 if $key eq 'UNKEYWORD';
    my ($un, $flag) = $a[0] =~ /^(UN)?(.*)/;
    return (!!$has{ '\\' . lc $flag } xor !!$un) ? 1 : 0;
}

# ---- sort (RFC 5256 3)
our @SORT_KEYS = qw(ARRIVAL DATE FROM SUBJECT SIZE TO);
my %VALUE = (
    ARRIVAL => sub { Model::Mail::moment($_[0]{date} // '') }, DATE => sub { $_[0]{mail}{sent_at} },
    FROM => sub { uc(($_[0]{mail}{header}{From} =~ /^([^@]+)/)[0]) }, TO => sub { uc(($_[0]{mail}{header}{To} =~ /^([^@]+)/)[0]) },
    SUBJECT => sub { $_[0]{mail}{base} }, SIZE => sub { $_[0]{mail}{size} },
);

sub make_sort { return [ map { (rand() < 0.3 ? 'REVERSE ' : '') . _pick(@SORT_KEYS) } 1 .. 1 + int rand 2 ] }

# Order of two entries with their numbers; undef: not known.
sub compare {
    my ($keys, $x, $nx, $y, $ny) = @_;
    for my $key (@$keys) {
        my ($reverse, $word) = $key =~ /^(REVERSE )?(.*)/;
        return if $word eq 'ARRIVAL' && grep { !defined $_->{msg}{date} } $x, $y;      # when it came is not known yet
        my ($vx, $vy) = map { $VALUE{$word}->($_->{msg}) } $x, $y;
        my $c = $word eq 'SIZE' ? $vx <=> $vy : $vx cmp $vy;
        return $reverse ? -$c : $c if $c;
    }
    return $nx <=> $ny;
}

1;

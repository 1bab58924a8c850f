package Bench::Report;
# Bench::Report - results of all rounds -> medians, ratios, marks, one table
#
#   $r->add($id, \%row, $server, \%metrics)     one round; metrics { failed => word } when nothing came
#   print $r->table;  $r->data                  for --json
use strict;
use warnings;

my $OURS = 'halcyon';
my %NOT_MARKED = map { $_ => 1 } qw(dovecot-mdbox);     # the marks are against the other peers
my %SMALLER_WINS = map { $_ => 1 } qw(p50 cpu pss);
my @METRICS = qw(rate p50 p90 p99 cpu mbps pss rss client disk_kb flushes);

sub new {
    my ($class, @servers) = @_;
    my @peers = grep { $_ ne $OURS } @servers;
    return bless { servers => \@servers, peers => \@peers, with_ours => @peers < @servers, order => [], row => {} }, $class;
}

sub add {
    my ($self, $id, $row, $server, $metrics) = @_;
    push @{ $self->{order} }, $id if !$self->{row}{$id};
    my $entry = $self->{row}{$id} ||= { %$row, rounds => {} };
    push @{ $entry->{rounds}{$server} }, $metrics;
}

sub median {
    my @v = sort { $a <=> $b } grep { defined } @_;
    return if !@v;
    return @v % 2 ? $v[@v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

# Medians of a server's rounds; undef when it did not run, { failed } when no round came out.
sub medians {
    my ($rounds) = @_;
    my @good = grep { !$_->{failed} } @{ $rounds || return };
    return { failed => $rounds->[0]{failed} } if !@good;
    my %m = map { my $m = $_; $m => median(map { $_->{$m} } @good) // undef } @METRICS;
    delete @m{ grep { !defined $m{$_} } @METRICS };
    return \%m;
}

# How many times better ours is.
sub ratio {
    my ($metric, $ours, $peer) = @_;
    my ($o, $p) = map { $_ && $_->{$metric} } $ours, $peer;
    return if !$o || !$p;
    return $SMALLER_WINS{$metric} ? $p / $o : $o / $p;
}

# Against the worst of the ratios that count.
sub verdict {
    my ($self, $entry, $medians, $ratios) = @_;
    my @against = $entry->{against} || grep { !$NOT_MARKED{$_} } @{ $self->{peers} };
    my ($worst) = sort { $a <=> $b } grep { defined } @$ratios{@against};
    return $worst >= $entry->{mark} ? 'ok' : 'below' if defined $worst;
    return $medians->{$OURS} && ($medians->{$OURS}{failed} // '') eq 'wrong' ? 'below' : '-';
}

# Medians, ratios and the verdict of every row.
sub data {
    my ($self) = @_;
    my @out;
    for my $id (@{ $self->{order} }) {
        my $entry = $self->{row}{$id};
        my %m = map { $_ => scalar medians($entry->{rounds}{$_}) } @{ $self->{servers} };
        my %r = map { $_ => scalar ratio($entry->{metric}, $m{$OURS}, $m{$_}) } @{ $self->{peers} };
        my $verdict = defined $entry->{mark} ? $self->verdict($entry, \%m, \%r) : undef;
        push @out, { %$entry, id => $id, medians => \%m, ratios => \%r, verdict => $verdict };
    }
    return \@out;
}

# Three significant digits, thousands separated.
sub figure {
    my ($v) = @_;
    my $digits = $v >= 100 ? 0 : $v >= 10 ? 1 : $v >= 1 ? 2 : 3;
    my $s = sprintf '%.*f', $digits, $v;
    1 while $s =~ s/^(\d+)(\d{3})/$1,$2/;
    return $s;
}

sub cell {
    my ($m) = @_;
    return '' if !$m;
    return "($m->{failed})" if $m->{failed};
    return figure($m->{pss}) . ' kB (rss ' . figure($m->{rss}) . ')' if defined $m->{pss};
    my @part;
    my @latencies = defined $m->{disk_kb} ? qw(p50 p90 p99) : qw(p50 p99);
    push @part, figure($m->{rate}) . '/s' if defined $m->{rate};
    push @part, join '/', map { figure($m->{$_}) } grep { defined $m->{$_} } @latencies if defined $m->{p50};
    push @part, figure($m->{cpu}) . 'c' if defined $m->{cpu};
    push @part, figure($m->{disk_kb}) . 'kB ' . figure($m->{flushes}) . 'f' if defined $m->{disk_kb};
    push @part, figure($m->{mbps}) . 'MB/s' if defined $m->{mbps};
    return join ' ', @part;
}

# The columns that need our own figures.
sub ratio_cells {
    my ($self, $row) = @_;
    my @ratios = map { defined $row->{ratios}{$_} ? figure($row->{ratios}{$_}) : '' } @{ $self->{peers} };
    my $mark = defined $row->{mark} ? sprintf('%.1f', $row->{mark}) . ($row->{against} ? " of $row->{against}" : '') : '';
    return ($row->{metric}, @ratios, $mark, $row->{verdict} // '');
}

sub table {
    my ($self) = @_;
    my @head = ('workload', @{ $self->{servers} });
    push @head, 'by', map({ s/dovecot-//r } @{ $self->{peers} }), 'first', '' if $self->{with_ours};
    my @lines = (\@head);
    for my $row (@{ $self->data }) {
        my @line = ($row->{text}, map { cell($row->{medians}{$_}) } @{ $self->{servers} });
        push @line, $self->ratio_cells($row) if $self->{with_ours};
        push @lines, \@line;
    }
    my @width = (0) x @head;
    for my $line (@lines) {
        for my $i (0 .. $#$line) {
            $width[$i] = length $line->[$i] if length $line->[$i] > $width[$i];
        }
    }
    my $format = join('  ', map { "%-${_}s" } @width);
    return join '', map { sprintf($format, @$_) =~ s/ +$//r . "\n" } @lines;
}

1;
